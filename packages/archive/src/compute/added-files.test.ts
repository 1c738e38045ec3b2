import { expect, test } from 'vitest';
import type { StoredFile } from '../layout.ts';
import { type AddedFiles, addedFiles } from './added-files.ts';

const file = (rows: number): StoredFile => ({ path: `${rows}`, rows, bytes: 1, sha256: '0'.repeat(64) });
const files = (...rows: number[]) => rows.map(file);
const rowsOf = ({ stay, summed }: AddedFiles) => [stay, summed].map((of) => of.map(({ rows }) => rows));
const total = (of: readonly StoredFile[]) => of.reduce((sum, { rows }) => sum + rows, 0);

test('what a run changes of a large file is added to it, and much is written with it', () => {
  expect(rowsOf(addedFiles(files(10_000), 5_000, null))).toEqual([[10_000], []]);
  expect(rowsOf(addedFiles(files(10_000), 5_001, null))).toEqual([[], [10_000]]);
  expect(rowsOf(addedFiles(files(1_999), 1, null))).toEqual([[], [1_999]]);
  expect(rowsOf(addedFiles([], 9, null))).toEqual([[], []]);
});

test('the files that were added before count, and are summed where there are four', () => {
  expect(rowsOf(addedFiles(files(20, 10_000, 4_000), 980, null))).toEqual([[20, 10_000, 4_000], []]);
  expect(rowsOf(addedFiles(files(20, 10_000, 4_000), 981, null))).toEqual([[], [20, 10_000, 4_000]]);
  expect(rowsOf(addedFiles(files(20, 10_000, 30, 40), 1, null))).toEqual([[10_000], [40, 30, 20]]);
});

test('law 7: rows that may be too many are summed, so that they are counted', () => {
  expect(rowsOf(addedFiles(files(10_000), 5, 10_005))).toEqual([[10_000], []]);
  expect(rowsOf(addedFiles(files(10_000), 5, 10_004))).toEqual([[], [10_000]]);
});

test('law 7: after any number of runs a view has at most four files, and the largest two thirds of the rows', () => {
  let held = files(10_000);
  for (let run = 0; run < 500; run++) {
    const changed = 1 + ((run * 7_919) % 997);
    const { stay, summed } = addedFiles(held, changed, null);
    held = [...stay, file(total(summed) + changed)];
    expect(held.length).toBeLessThanOrEqual(4);
    expect(Math.max(...held.map(({ rows }) => rows)) * 3).toBeGreaterThanOrEqual(2 * total(held));
  }
});
