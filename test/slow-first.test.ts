/** The list of slow files names files that exist. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SLOWEST } from './slow-first.ts';

test('each file that begins first is there, once', () => {
  expect(SLOWEST.filter((name) => !existsSync(join(import.meta.dirname, '..', name)))).toEqual([]);
  expect(new Set(SLOWEST).size).toBe(SLOWEST.length);
});
