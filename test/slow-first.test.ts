/** The lists of files that begin first name files that exist, and kinds of files that run beside each other can do so on any machine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import config from '../vitest.config.ts';
import { NAMED, withLate } from './slow-first.ts';

test('each file that begins first is there, once', () => {
  expect(NAMED.filter((name) => !existsSync(join(import.meta.dirname, '..', name)))).toEqual([]);
  expect(new Set(NAMED).size).toBe(NAMED.length);
});

test('kinds of files that run beside each other say the same number of workers: the test runner refuses any other', () => {
  const { projects } = config.test as { projects: { test: { maxWorkers?: number; sequence?: { groupOrder: number } } }[] };
  const groups = Map.groupBy(projects, ({ test: { sequence } }) => sequence?.groupOrder ?? 0);
  const workers = [...groups.values()].map((group) => new Set(group.map(({ test: { maxWorkers } }) => maxWorkers)));
  expect(workers.map((numbers) => numbers.size)).toEqual([1, 1]);
  expect(workers.some((numbers) => numbers.has(undefined))).toBe(false);
});

test('what measures starts has sixty files of its kind behind it, where there are as many', () => {
  const files = (count: number, kind: string) => Array.from({ length: count }, (_, i) => `${kind} ${i}`);
  const placeAmong = (before: number, behind: number) => {
    const given = [
      ...files(3, 'isolated'),
      ...files(before, 'pure'),
      'pure late',
      ...files(behind, 'pure'),
      ...files(9, 'servers'),
    ];
    const sorted = withLate(
      given,
      (file) => file === 'pure late',
      (file) => file.split(' ')[0],
    );
    expect(sorted.filter((file) => file !== 'pure late')).toEqual(given.filter((file) => file !== 'pure late'));
    return sorted.indexOf('pure late') - 3;
  };
  expect([placeAmong(10, 200), placeAmong(10, 61), placeAmong(10, 60), placeAmong(10, 7), placeAmong(0, 0)]).toEqual([
    150, 11, 10, 10, 0,
  ]);
});
