import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MODEL_NAMES } from './catalogue.ts';

test('each model, and no other, is in the tables of docs/models.md, the rules first', () => {
  const page = readFileSync(new URL('../../../../docs/models.md', import.meta.url), 'utf8');
  const [, sections = ''] = /^## Rule-based\n(.*?)^## (?!Data-driven)/ms.exec(page) ?? [];
  const rows = sections.split('\n').flatMap((line) => /^\| (`[^|]*)\|/.exec(line)?.[1] ?? []);
  const listed = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(listed.toSorted()).toEqual(MODEL_NAMES.toSorted());
});
