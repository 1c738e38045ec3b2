/** When a generation is computed by many, and how it is cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutForMany } from './split-into-shards.ts';

const rowsByPartition = Array.from({ length: 16 }, () => 100_000);
const facts = { rowsByPartition, slots: 2, minRows: 100_000, maxRows: 2_500_000 };

test('one slot, few rows or a single partition: one session', () => {
  expect(cutForMany({ ...facts, slots: 1 })).toEqual([]);
  expect(cutForMany({ ...facts, slots: 0 })).toEqual([]);
  expect(cutForMany({ ...facts, minRows: 800_001 })).toEqual([]);
  expect(cutForMany({ ...facts, rowsByPartition: [5_000_000] })).toEqual([]);
});

test('otherwise two shards for each slot, none smaller than is worth it, none larger than fits', () => {
  expect(cutForMany(facts)).toHaveLength(4);
  expect(cutForMany({ ...facts, slots: 4 })).toHaveLength(8);
  expect(cutForMany({ ...facts, slots: 1_000 })).toHaveLength(16);
  expect(cutForMany({ ...facts, minRows: 400_000, slots: 8 })).toHaveLength(4);
  expect(cutForMany({ ...facts, maxRows: 200_000 })).toHaveLength(8);
});

test('every partition is in one shard, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { maxLength: 40 }), fc.nat(9), fc.nat(500), (rows, slots, minRows) => {
      const shards = cutForMany({ rowsByPartition: rows, slots, minRows, maxRows: 700 });
      if (shards.length === 0) return;
      expect(shards.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
        rows.map((_, i) => i),
      );
    }),
  );
});
