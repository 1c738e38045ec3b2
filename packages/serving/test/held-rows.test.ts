import { addRows, type Rows } from '@tributary/views/deltas';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHeldRows, type SignedRows } from '../src/deltas/held-rows.ts';

type Event =
  | { readonly kind: 'add'; readonly rows: readonly (readonly [key: number, amount: number])[] }
  | { readonly kind: 'take up'; readonly most: number }
  | { readonly kind: 'pass' | 'release' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      rows: fc.array(fc.tuple(fc.nat(5), fc.integer({ min: -2, max: 2 })), { maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take up' as const), most: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'pass' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'release' as const }) },
);

function sumOf(parts: readonly SignedRows[]): Rows {
  const sum: Rows = new Map();
  for (const { rows, sign } of parts) addRows(sum, rows, sign);
  return sum;
}

test('law 1: whatever is added, what somebody passes over stays as it was, and what is held is the sum of all', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const held = createHeldRows();
      const total: Rows = new Map();
      const passes: { readonly pass: ReturnType<typeof held.pass>; readonly expected: Rows }[] = [];
      for (const one of events) {
        if (one.kind === 'add') {
          const rows: Rows = new Map(one.rows.map(([key, amount]) => [`k${key}`, [amount]]));
          addRows(total, rows);
          held.add(rows);
        } else if (one.kind === 'take up') held.takeUp(one.most);
        else if (one.kind === 'pass') passes.push({ pass: held.pass(), expected: structuredClone(total) });
        else passes.shift()?.pass.release();
        expect(sumOf(held.parts())).toEqual(total);
        for (const { pass, expected } of passes) expect(sumOf(pass.parts)).toEqual(expected);
      }
    }),
    { numRuns: 500 },
  );
});

test('law 7: what waits is taken up a part at a time, during a pass into one sum beside the rows, and nothing waits in the end', () => {
  const held = createHeldRows();
  const rowsOf = (size: number): Rows => new Map(Array.from({ length: size }, (_, i) => [`row ${i}`, [1]]));
  held.add(rowsOf(100));
  const { release } = held.pass();
  for (let commits = 0; commits < 49; commits++) held.add(rowsOf(100));
  held.add(rowsOf(0));
  expect(held.takeUp(250)).toBe(300);
  // The rows, what the pass passes over, what still waits, and its sum.
  expect(held.parts()).toHaveLength(1 + 1 + 47 + 1);
  expect([held.takeUp(4_600), held.takeUp(250), held.takeUp(250)]).toEqual([4_600, 1, 0]);
  expect(held.parts().map(({ rows }) => rows.size)).toEqual([0, 100, 100]);
  release();
  for (let commits = 0; commits < 50; commits++) held.add(rowsOf(100));
  expect(held.takeUp(250)).toBe(300);
  expect(held.parts()).toHaveLength(50);
  // One without rows takes time as well.
  held.add(rowsOf(0));
  expect(held.takeUp(4_801)).toBe(4_801);
  expect([held.takeUp(40), held.takeUp(40), held.takeUp(40), held.takeUp(40)]).toEqual([40, 40, 20, 0]);
  expect(held.parts()).toHaveLength(1);
  expect(held.parts()[0]?.rows.get('row 7')).toEqual([100]);
});

test('law 7: where more waits than a turn takes up, who wants to pass over the rows waits for the others', () => {
  const held = createHeldRows();
  const rowsOf = (first: number): Rows => new Map(Array.from({ length: 4_096 }, (_, i) => [`row ${first + i}`, [1]]));
  held.add(rowsOf(0));
  const one = held.pass();
  held.add(rowsOf(0));
  const two = held.pass();
  expect(held.isBehind()).toBe(false);
  held.add(new Map());
  expect(held.isBehind()).toBe(true);
  one.release();
  expect(held.isBehind()).toBe(true);
  two.release();
  expect(held.isBehind()).toBe(false);
});
