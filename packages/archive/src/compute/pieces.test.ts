/** How the work and its files are cut. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredFile } from '../layout.ts';
import { filesToMerge } from './merge-files.ts';
import { shardsOf } from './shards.ts';

test('shards cover every partition once, in order, and hold more than the bound only when a single partition does', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { maxLength: 40 }), fc.integer({ min: 1, max: 2_000 }), (rows, maxRows) => {
      const shards = shardsOf(rows, maxRows);
      expect(shards.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
        rows.map((_, i) => i),
      );
      for (const { from, to } of shards) {
        const total = rows.slice(from, to).reduce((sum, count) => sum + count, 0);
        expect(total <= maxRows || to - from === 1).toBe(true);
      }
    }),
  );
});

const file = (path: string, rows: number): StoredFile => ({ path, rows, bytes: rows, sha256: '' });

test('chains stay within their bound, no file is lost, and the largest are left alone', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { maxLength: 60 }), fc.integer({ min: 2, max: 20 }), (rows, max) => {
      const files = rows.map((count, i) => file(`f${i}`, count));
      const { keep, merge } = filesToMerge(files, max);
      expect([...keep, ...merge].map(({ path }) => path).sort()).toEqual(files.map(({ path }) => path).sort());
      expect(keep.length + Math.min(1, merge.length)).toBeLessThanOrEqual(max);
      expect(merge.length).not.toBe(1);
      const largestMerged = Math.max(0, ...merge.map((each) => each.rows));
      for (const each of keep) if (merge.length > 0) expect(each.rows).toBeGreaterThanOrEqual(largestMerged);
    }),
  );
});

test('a row is rewritten seldom: 1 000 increments of one row cost fewer than 8 000 rewrites', () => {
  let files: StoredFile[] = [];
  let rewritten = 0;
  for (let i = 0; i < 1_000; i++) {
    const { keep, merge } = filesToMerge([...files, file(`f${i}`, 1)], 16);
    const rows = merge.reduce((sum, each) => sum + each.rows, 0);
    rewritten += rows;
    files = merge.length === 0 ? [...keep] : [file(`m${i}`, rows), ...keep];
  }
  expect(files.reduce((sum, each) => sum + each.rows, 0)).toBe(1_000);
  expect(rewritten).toBeLessThan(8_000);
});
