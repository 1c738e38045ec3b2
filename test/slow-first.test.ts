/** The lists of files that begin first name files that exist, and kinds of files that run beside each other can do so on any machine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import config from '../vitest.config.ts';
import { ORDER } from './slow-first.ts';

test('each file that begins first is there, once', () => {
  expect(ORDER.filter((name) => !existsSync(join(import.meta.dirname, '..', name)))).toEqual([]);
  expect(new Set(ORDER).size).toBe(ORDER.length);
});

test('kinds of files that run beside each other say the same number of workers: the test runner refuses any other', () => {
  const { projects } = config.test as { projects: { test: { maxWorkers?: number; sequence?: { groupOrder: number } } }[] };
  const groups = Map.groupBy(projects, ({ test: { sequence } }) => sequence?.groupOrder ?? 0);
  const workers = [...groups.values()].map((group) => new Set(group.map(({ test: { maxWorkers } }) => maxWorkers)));
  expect(workers.map((numbers) => numbers.size)).toEqual([1, 1]);
  expect(workers.some((numbers) => numbers.has(undefined))).toBe(false);
});
