import { expect, test } from 'vitest';
import { type Correction, changedSpans } from './corrections.ts';

const of = (name: string, more: Partial<Correction> = {}): Correction => ({
  name,
  when: 'campaign == "sumer"',
  set: { campaign: 'summer' },
  from: '2026-03-01',
  to: '2026-03-02',
  author: 'ada',
  reason: 'it went wrong',
  ...more,
});
const DAY: readonly [number, number] = [Date.UTC(2026, 2, 1), Date.UTC(2026, 2, 2)];
const MARCH_5: readonly [number, number] = [Date.UTC(2026, 2, 5), Date.UTC(2026, 2, 6)];
const later = { from: '2026-03-05', to: '2026-03-06' };

function changed(before: readonly Correction[], after: readonly Correction[], fields: [object, object] = [{}, {}]) {
  const both = [before, after].map((corrections, i) => ({ corrections, fields: fields[i] as Readonly<Record<string, unknown>> }));
  const spans = changedSpans(both[0] as (typeof both)[0], both[1] as (typeof both)[0]);
  return spans.map(({ fromMs, toMs }) => [fromMs, toMs]);
}

test('law 1: events may count otherwise in the ranges of corrections that came, went or changed, and in no others', () => {
  const [a, b] = [of('a'), of('b', later)];
  expect(changed([], [])).toEqual([]);
  expect(changed([a, b], [a, b])).toEqual([]);
  expect(changed([a], [a, b])).toEqual([MARCH_5]);
  expect(changed([a, b], [b])).toEqual([DAY]);
  expect(changed([a, b], [a, { ...b, when: 'true' }])).toEqual([MARCH_5]);
  expect(changed([a, b], [{ ...a, author: 'bob', reason: 'as agreed' }, b])).toEqual([]);
  expect(changed([a, b], [{ ...a, from: '2026-03-01T00:00:00Z' }, b])).toEqual([]);
  expect(changed([a], [{ ...a, to: '2026-03-01T00:00:00.001Z' }])).toEqual([DAY]);
});

test('law 1: ranges that touch or overlap are one, in order of time', () => {
  const parts = ['2026-03-01T12:00:00Z', '2026-03-02', '2026-03-03'].map((to, i) =>
    of(`p${i}`, { from: ['2026-03-01', '2026-03-01', '2026-03-02'][i] as string, to }),
  );
  expect(changed([of('z', later)], parts)).toEqual([[DAY[0], Date.UTC(2026, 2, 3)], MARCH_5]);
});

test('law 1: corrections that changed places may change the events of all: of both that set one field the last one has it', () => {
  const [a, b, c] = [of('a'), of('b', later), of('c')];
  expect(changed([a, b], [b, a])).toEqual([DAY, MARCH_5]);
  expect(changed([a, b, c], [c, b])).toEqual([DAY, MARCH_5]);
});

test('law 1: another place of a field that a condition names is another correction', () => {
  const named = of('named', { when: 'order == "o-7"' });
  const [before, after] = [{ order: 'properties.order_id' }, { order: 'properties.id' }];
  expect(changed([named, of('b', later)], [named, of('b', later)], [before, after])).toEqual([DAY]);
  expect(changed([of('b', later)], [of('b', later)], [before, after])).toEqual([]);
});
