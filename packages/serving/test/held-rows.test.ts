import { addRows, type Rows } from '@tributary/views/deltas';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHeldRows, type SignedRows } from '../src/deltas/held-rows.ts';

type Event =
  | { readonly kind: 'add'; readonly rows: readonly (readonly [key: number, amount: number])[] }
  | { readonly kind: 'pass' | 'release' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      rows: fc.array(fc.tuple(fc.nat(5), fc.integer({ min: -2, max: 2 })), { maxLength: 4 }),
    }),
  },
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
        } else if (one.kind === 'pass') passes.push({ pass: held.pass(), expected: structuredClone(total) });
        else passes.shift()?.pass.release();
        expect(sumOf(held.parts())).toEqual(total);
        for (const { pass, expected } of passes) expect(sumOf(pass.parts)).toEqual(expected);
      }
    }),
    { numRuns: 500 },
  );
});

test('law 7: what waited during a pass is added some hundred rows at a time, and nothing waits in the end', () => {
  const held = createHeldRows();
  const one = (key: number): Rows => new Map([[`k${key}`, [1]]]);
  const pass = held.pass();
  for (let key = 0; key < 2_000; key++) held.add(one(key));
  expect(held.parts()).toHaveLength(2_001);
  pass.release();
  held.add(one(0));
  expect(held.parts().length).toBeGreaterThan(1_500);
  for (let key = 0; key < 20; key++) held.add(one(key));
  expect(held.parts()).toHaveLength(1);
});

test('law 7: what waited during a pass is added with later commits, some hundred rows each: all at once it could be very much', () => {
  const held = createHeldRows();
  const { release } = held.pass();
  const commit = () => held.add(new Map(Array.from({ length: 100 }, (_, i) => [`row ${i}`, [1]])));
  for (let commits = 0; commits < 50; commits++) commit();
  release();
  const waiting = () => held.parts().length - 1;
  commit();
  expect(waiting()).toBeGreaterThan(40);
  for (let commits = 0; commits < 30; commits++) commit();
  expect(waiting()).toBe(0);
});
