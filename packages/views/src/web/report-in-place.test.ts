/** `JSON.parse` is the oracle: of a report that is read in place views see what they would see of its line. */
import { encodeEvent } from '@tributary/model/event';
import type { Integer } from '@tributary/model/integer';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { createPlainLineReader } from '@tributary/model/reading/plain-line';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { asWebEvent } from '@tributary/testkit/inputs/generate-web';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { attention } from '../attention/fold.ts';
import { heat } from '../heat/fold.ts';
import { type WebEvent, webEvent, webEventOfReport } from './web-event.ts';

const NOW = Date.UTC(2026, 10, 20);
const definitions = { ...builtInDefinitions(), web: {} };
const reader = createPlainLineReader();
const AT = { ts: NOW, id: 'e-1', anonymousId: 'anna', receivedAt: NOW, source: 'web' };
const REPORT = {
  ...{
    viewId: 'v',
    layout: 576,
    seq: 0,
    engagedMs: 9_000,
    visibleMs: 12_000,
    hoverMs: 8_000,
    fromScrollBp: 0,
    maxScrollBp: 5_000,
  },
  bands: Array.from({ length: 20 }, (_, band) => band),
  els: [
    ['nav', 10, 20, 1, 0, 0, 300, 40],
    ['Größe 😀', 0, 7, 0, 5, 9, 1, 1],
  ],
  moves: [
    ['nav', 0, 4],
    ['nav', 255, 3],
    ['x'.repeat(129), 1_023, 0],
  ],
};

function lineOf(properties: object): string {
  return encodeEvent({
    ...AT,
    type: 'activity',
    page: 'https://shop.example/product/7?utm_source=x',
    properties: { ...properties },
  });
}

/** Whether the report was read in place; then it is what the line says. */
function isTaken(line: string): boolean {
  const bytes = line.isWellFormed() ? reader.open(line, true) : -1;
  const plain = bytes < 0 ? undefined : reader.read(0, bytes, 0, 1, NOW);
  const decoded = decodeLine(line, 0, 1, NOW);
  if (plain === undefined) return false;
  if (!decoded.ok) throw new Error(`the reader took what must be parked (${decoded.message}): ${line}`);
  if (plain.report === undefined) return false;
  expect(webEventOfReport(plain.report, plain.event, definitions), line).toEqual(webEvent(decoded.event, definitions));
  return true;
}

function clickOf(properties: object, type = 'click'): string {
  return encodeEvent({ ...AT, type, page: 'https://shop.example/', element: 'Größe', properties: { ...properties } });
}

const TYPES = ['activity', 'page', 'click'];
const CLICK = { viewId: 'v', layout: 0, ex: 9_999, ey: 0, px: 5, py: 5, kind: 'rage', path: 'main > a' };

test('law 1: views and clicks that trackers send are read in place', () => {
  expect(isTaken(clickOf(CLICK))).toBe(true);
  expect(isTaken(clickOf({ viewId: 'v', layout: 0 }))).toBe(true);
  for (const kind of ['click', 'dead', 'clicked', 'cli', '']) expect(isTaken(clickOf({ ...CLICK, kind, ey: 10_000 }))).toBe(true);
  for (const layout of [0, 17]) expect(isTaken(clickOf({ ...CLICK, layout, nav: 'load', docH: 1.5 }, 'page'))).toBe(true);
  expect(isTaken(clickOf({ ...CLICK, bot: 'ua' }, 'page'))).toBe(true);
  for (const other of [{ ex: -1 }, { ex: 0.5 }, { kind: 7 }, { viewId: undefined }])
    expect(isTaken(clickOf({ ...CLICK, ...other }))).toBe(false);
  expect(isTaken(clickOf(CLICK, 'clicks'))).toBe(false);
  expect(isTaken(clickOf(CLICK, 'form'))).toBe(false);
});

test('law 1: a report that trackers make is read in place', () => {
  expect(isTaken(lineOf(REPORT))).toBe(true);
  expect(isTaken(lineOf({ ...REPORT, bot: 'ua', els: [], moves: [] }))).toBe(true);
  const { bands: _, els: __, moves: ___, ...without } = REPORT;
  expect(isTaken(lineOf({ ...without, last: true, other: { deep: [1, 'x', null] } }))).toBe(true);
  expect(isTaken(lineOf({ ...REPORT, layout: 17 }))).toBe(true);
});

test.each<[what: string, line: string]>([
  ['no view', lineOf({ ...REPORT, viewId: undefined })],
  ['a view that is a number', lineOf({ ...REPORT, viewId: 7 })],
  ['no layout', lineOf({ ...REPORT, layout: undefined })],
  ['a bot that is a number', lineOf({ ...REPORT, bot: 1 })],
  ['a number as a text', lineOf({ ...REPORT, engagedMs: '7' })],
  ['a number below 0', lineOf({ ...REPORT, engagedMs: -1 })],
  ['a number with a point', lineOf({ ...REPORT, bands: [1.5] })],
  ['zeros before a number', lineOf(REPORT).replace('"seq":0,"engagedMs":9000', '"seq":0,"engagedMs":09000')],
  ['zeros before a number of a row', lineOf(REPORT).replace('["nav",255,3]', '["nav",0255,3]')],
  ['a key twice', lineOf(REPORT).replace('"seq":0', '"engagedMs":1')],
  ['lists twice', lineOf(REPORT).replace('"seq":0', '"els":[]')],
  ['a row that is longer', lineOf({ ...REPORT, moves: [['nav', 1, 2, 3]] })],
  ['a row that is shorter', lineOf({ ...REPORT, els: [['nav', 1, 2, 3]] })],
  ['a row without a name', lineOf({ ...REPORT, moves: [[1, 2, 3]] })],
  ['a row that is none', lineOf({ ...REPORT, moves: ['nav'] })],
  ['more bands', lineOf({ ...REPORT, bands: Array(21).fill(0) })],
  ['more elements', lineOf({ ...REPORT, els: Array(101).fill(['nav', 0, 0, 0, 0, 0, 0, 0]) })],
  ['an escape in a name', lineOf({ ...REPORT, moves: [['a"b', 1, 2]] })],
  ['no end', lineOf(REPORT).slice(0, -2)],
])('law 1: a report with %s is left to JSON.parse', (_what, line) => {
  expect(isTaken(line)).toBe(false);
});

test('law 1: each row that views of pages emit of a report has measures of its own', () => {
  const seen = webEvent({ ...AT, type: 'activity', page: '/', properties: REPORT }, definitions) as WebEvent;
  const rows = (view: typeof heat | typeof attention) => {
    const found: (readonly Integer[])[] = [];
    view.rows(seen, definitions, (_key, measures) => found.push(measures));
    return found;
  };
  expect(rows(heat)).toEqual([[4], [3]]);
  expect(rows(attention)).toEqual([
    [1, 1, 10, 20, 0, 0, 0, 300, 40],
    [1, 0, 0, 7, 0, 5, 9, 1, 1],
  ]);
});

test('law 1: of any report that is read in place, whole or damaged, views see what its line says', () => {
  const random = createRandom(7);
  const by = ['', '"', '\\', ',', '}', ']', '[', '0', '-', '.', 'e', ' ', 'é', '1', '99999999999999', '"els":[],'];
  const reports: Record<string, number> = {};
  const taken: Record<string, number> = {};
  let damaged = 0;
  for (let i = 0; i < 6_000; i++) {
    const event = asWebEvent({ ...AT, ts: NOW - i, type: ['scroll', 'scroll', 'page', 'click'][i % 4] as string }, i);
    const { type } = event;
    if (!TYPES.includes(type)) continue;
    const { els, moves, ...rest } = event.properties ?? {};
    // Trackers say parts behind the whole; here they stand anywhere.
    const properties = random.chance(0.5) ? { ...rest, els, moves } : { moves, els, ...rest };
    const line = encodeEvent({ ...event, properties });
    reports[type] = (reports[type] ?? 0) + 1;
    if (isTaken(line)) taken[type] = (taken[type] ?? 0) + 1;
    const from = line.indexOf('"properties"');
    for (let time = 0; time < 3; time++) {
      const at = from + random.below(line.length - from);
      if (isTaken(line.slice(0, at) + random.pick(by) + line.slice(at + random.below(3)))) damaged++;
    }
  }
  for (const type of TYPES) {
    expect(reports[type], type).toBeGreaterThan(500);
    expect(taken[type], type).toBeGreaterThan((reports[type] ?? 0) / 20);
  }
  expect(damaged).toBeGreaterThan(100);
});
