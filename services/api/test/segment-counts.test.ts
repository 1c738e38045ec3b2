/** Members of segments by day, through the API: live, over a cut and after it. */
import { SegmentCountsAnswer } from '@tributary/contract/groups/segments';
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { signalsOf } from '@tributary/signals/definitions/file';
import { definitionsOf, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { worldCutAt } from './web-world.ts';
import { createWorld, NOON } from './world.ts';

const PLANNER = { enter: 'type == "search"', exit: 'type == "booking"', ttl: '2d' };
const LIVE = { enter: 'type == "search"', ttl: '1d' };
const DEFINITIONS = definitionsOf({ segments: { planner: { ...PLANNER, byDay: true }, live: LIVE } });
/** The same name with another ttl, and one that is new. */
const CHANGED = definitionsOf({
  segments: { planner: { ...PLANNER, ttl: '3d', byDay: true }, live: { ...LIVE, byDay: true } },
});
const VERSION = signalsOf(DEFINITIONS, sha256Hex).get('planner')?.version;

interface Said {
  readonly name: string;
  readonly byDay: boolean;
}

/** Who sent what, and how many days before the day of noon. */
const SAID: readonly (readonly [userId: string, type: string, daysBefore: number])[] = [
  ['ana', 'search', 40],
  ['ben', 'search', 3],
  ['ben', 'search', 2],
  ['cy', 'search', 2],
  ['cy', 'booking', 1],
  ['dee', 'search', 1],
  ['eve', 'search', 0],
  // Log time of each partition.
  ...Array.from({ length: 20 }, (_, i) => [`f${i}`, 'scroll', 0] as const),
];
const EVENTS = SAID.map(
  ([userId, type, daysBefore], i): Event => ({
    ts: NOON - daysBefore * DAY_MS + i,
    receivedAt: NOON - daysBefore * DAY_MS + HOUR_MS + i,
    type,
    id: `e${i}`,
    userId,
    source: 'test',
  }),
);
const ROWS = [
  { day: '2026-11-17', entered: 1, left: 0, members: 1, over: true },
  { day: '2026-11-18', entered: 1, left: 0, members: 2, over: true },
  { day: '2026-11-19', entered: 1, left: 1, members: 2, over: true },
  { day: '2026-11-20', entered: 1, left: 1, members: 2, over: false },
];

test('laws 1 to 3: who entered, left and is in by day, on both sides of any cut, each event once; who leaves as time passes does so on the day to come', async () => {
  for (const cut of [0, 3, EVENTS.length]) {
    const world = await worldCutAt(EVENTS, cut, DEFINITIONS);
    const { body } = await world.get('/v1/segments/planner/counts?from=2026-11-17');
    expect(SegmentCountsAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({ segment: 'planner', version: VERSION, status: 'READY', meta: { complete: true } });
    expect([body.range, body.rows]).toEqual([{ fromDay: '2026-11-17', toDay: '2026-11-21' }, ROWS]);
    const ahead = (await world.get('/v1/segments/planner/counts?from=2026-11-21&to=2026-11-24')).body.rows;
    expect(ahead).toEqual([
      { day: '2026-11-21', entered: 0, left: 1, members: 1, over: false },
      { day: '2026-11-22', entered: 0, left: 1, members: 0, over: false },
      { day: '2026-11-23', entered: 0, left: 0, members: 0, over: false },
    ]);
    const usual = (await world.get('/v1/segments/planner/counts')).body;
    expect([usual.rows.length, usual.rows.at(-1)]).toEqual([30, ROWS[3]]);
    const { text, headers } = await world.get('/v1/segments/planner/counts?from=2026-11-19&format=csv');
    expect([headers['content-type'], headers['x-tributary-complete']]).toEqual(['text/csv; charset=utf-8', 'true']);
    expect(text).toBe('day,entered,left,members,over\r\n2026-11-19,1,1,2,true\r\n2026-11-20,1,1,2,false\r\n');
  }
});

test('definitions say of each segment whether it is counted by day', async () => {
  const world = await worldCutAt(EVENTS, 0, DEFINITIONS);
  const { definitions } = (await world.get('/v1/signals/definitions')).body as { readonly definitions: readonly Said[] };
  expect(definitions.map(({ name, byDay }) => [name, byDay])).toEqual([
    ['live', false],
    ['planner', true],
  ]);
});

test('law 7: of the batch side alone no day is over that it was cut in, nor does it have days behind it', async () => {
  const world = await createWorld({ definitions: DEFINITIONS });
  const counts = async (query: string) => (await world.get(`/v1/segments/planner/counts${query}`)).body;
  for (const event of EVENTS) await world.ingest(event);
  await world.tick();
  expect(await counts('?layer=batch')).toMatchObject({ asOf: null, rows: [] });
  await world.cut(1);
  await world.publish(1);
  const readMs = NOON + 2 * DAY_MS;
  for (const partition of [0, 1, 2, 3]) await world.commit(partition, {}, { logTimeMs: readMs });
  await world.tick();
  expect(await counts('?from=2026-11-20')).toMatchObject({
    asOf: readMs,
    rows: [{ over: true }, { over: true }, { over: false }],
  });
  const ofCut = await counts('?layer=batch&from=2026-11-19');
  expect([ofCut.asOf, ofCut.range, ofCut.rows]).toEqual([NOON, { fromDay: '2026-11-19', toDay: '2026-11-21' }, ROWS.slice(2)]);
  // A collector whose clock is behind that of the batch layer.
  for (const partition of [0, 1, 2, 3]) await world.commit(partition, {}, { logTimeMs: NOON - DAY_MS });
  await world.tick();
  expect((await counts('?layer=batch')).asOf).toBe(NOON - DAY_MS);
});

test('a partition that has read no event yet does not keep days from being over', async () => {
  const world = await worldCutAt([], 0, DEFINITIONS);
  const readMs = Date.UTC(2026, 9, 11, 12);
  for (const partition of [0, 1, 2, 3]) await world.commit(partition, {}, { logTimeMs: partition === 2 ? readMs : 0 });
  await world.tick();
  const { asOf, rows } = (await world.get('/v1/segments/planner/counts?from=2026-10-10&to=2026-10-12')).body;
  expect([asOf, rows.map(({ over }: { over: boolean }) => over)]).toEqual([readMs, [true, false]]);
});

test('law 7: a segment that is new by day is BACKFILLING, one that changed incomplete; others, and more days than an answer has, are refused with the fix', async () => {
  const world = await worldCutAt(EVENTS, 0, DEFINITIONS);
  const detailOf = async (asked: string) => (await world.get(`/v1/segments/${asked}`)).body.detail;
  expect(await detailOf('live/counts')).toBe(
    'name must be a segment with byDay: true of the definitions in force: planner (got "live"). Add byDay: true to the segment',
  );
  expect(await detailOf('newer/counts')).toContain('One that is new in the file is in force from the next run');
  expect(await detailOf('planner/counts?from=2020-01-01&to=2026-01-01')).toBe(
    'from must lie at most 1000 days before to (got 2020-01-01, 2192 days before 2026-01-01)',
  );
  await world.commit(0, {}, { definitions: CHANGED.json, definitionsSince: 2, generation: 2 });
  await world.tick();
  const newer = (await world.get('/v1/segments/live/counts')).body;
  expect(SegmentCountsAnswer.parse(newer)).toEqual(newer);
  expect(newer).toMatchObject({ status: 'BACKFILLING', version: null, rows: [], meta: { complete: false } });
  const changed = (await world.get('/v1/segments/planner/counts?from=2026-11-17')).body;
  expect([changed.version, changed.rows, changed.meta.complete]).toEqual([VERSION, ROWS, false]);
});
