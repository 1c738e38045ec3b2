/** What answers say in headers, pages of other origins can read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { READABLE } from '../src/app.ts';

test('law 7: a page of another origin reads whatever a header says of an answer, that it is incomplete among it', () => {
  const folder = join(import.meta.dirname, '../src/routes');
  const said = readdirSync(folder).flatMap(
    (name) => readFileSync(join(folder, name), 'utf8').match(/x-tributary-[a-z-]+/g) ?? [],
  );
  expect(new Set(said).size).toBeGreaterThan(6);
  expect(said.filter((name) => !READABLE.includes(name))).toEqual([]);
});
