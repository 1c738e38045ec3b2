/** The lists of files that begin first name files that exist. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ORDER } from './slow-first.ts';

test('each file that begins first is there, once', () => {
  expect(ORDER.filter((name) => !existsSync(join(import.meta.dirname, '..', name)))).toEqual([]);
  expect(new Set(ORDER).size).toBe(ORDER.length);
});
