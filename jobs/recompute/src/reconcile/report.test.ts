import { expect, test } from 'vitest';
import { largestMove, type Reconciliation, reasonsOf, remainderOf } from './report.ts';

const because = { lateEvents: 0, duplicates: 0, overflowedUsers: 0, definitionsChanged: false, cutApart: [], speedBehind: [] };

function movedTo(after: number, moved: number): number | null {
  const total = { before: 0, after, difference: after, moved, magnitude: moved };
  const view = {
    dimensions: [],
    rowsBefore: 1,
    rowsAfter: 1,
    rowsDiffering: 1,
    rowsCompared: 1,
    classes: {},
    totals: { credit: total },
    amounts: {},
    rows: [],
  };
  return largestMove({ generation: 2, comparedWith: 1, at: 1, equal: false, because, views: { credit: view } } as Reconciliation);
}

test('law 7: what moves counts alike where refunds leave less than nothing, and is all where nothing is left', () => {
  expect(movedTo(200, 50)).toBe(0.25);
  expect(movedTo(-200, 50)).toBe(0.25);
  expect(movedTo(0, 50)).toBe(1);
  expect(movedTo(0, 0)).toBe(0);
});

test('what causes leave has the first class that applies, and only where none does it is a defect', () => {
  const calm = { ...because, lateEvents: 3, duplicates: 2 };
  const same = { rules: false, corrections: false, erased: false };
  const erased = { ...same, erased: true };
  const cases = [
    ['engineDefect', calm, same, false],
    ['overflow', { ...calm, overflowedUsers: 1 }, same, false],
    ['erasure', { ...calm, overflowedUsers: 1 }, erased, false],
    ['identity', { ...calm, overflowedUsers: 1 }, erased, true],
    ['correction', { ...calm, definitionsChanged: true, overflowedUsers: 1 }, { ...erased, corrections: true }, true],
    ['definitions', { ...calm, definitionsChanged: true }, same, true],
    ['definitions', calm, { ...same, rules: true, corrections: true }, false],
    ['behind', { ...calm, definitionsChanged: true, speedBehind: [1] }, { ...same, rules: true, corrections: true }, true],
    ['behind', { ...calm, cutApart: [1] }, same, false],
  ] as const;
  for (const [remainder, reasons, changed, isJoined] of cases)
    expect(remainderOf(reasons, changed, isJoined), remainder).toBe(remainder);
});

test('a correction may be called as what every object has: it applied to no event where it was not there', () => {
  const manifest = { generation: 2, cut: [], counts: { duplicates: 0, corrected: { constructor: 2 } } } as never;
  expect(reasonsOf(manifest, null, []).corrections).toEqual([{ name: 'constructor', before: 0, after: 2 }]);
});
