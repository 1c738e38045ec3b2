/** Programs branch on the codes: the page of the API names each. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REASONS } from '../src/shapes/meta.ts';

test('docs/api.md names every reason for which an answer is not complete', () => {
  const page = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  const row = page.split('\n').find((line) => line.startsWith('| `reasons` |')) ?? '';
  expect(row.match(/`([a-z_]+)`/g)?.slice(1)).toEqual(Object.keys(REASONS).map((code) => `\`${code}\``));
});
