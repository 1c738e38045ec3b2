import { readFileSync } from 'node:fs';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { VIEW_ROUTES } from './totals.ts';

test('each view says what it counts in a phrase, which its route shows', () => {
  const summaries = Object.values(VIEW_ROUTES).map(({ summary }) => summary);
  expect(summaries).toEqual(VIEWS.map(({ name }) => expect.stringMatching(new RegExp(`view ${name} .*: \\S.{20,}[^.]$`))));
  expect(VIEWS.filter(({ counts }, i) => !summaries[i]?.endsWith(counts))).toEqual([]);
});

test('the table of docs/models.md names views that are there, each once', () => {
  const page = readFileSync(new URL('../../../../docs/models.md', import.meta.url), 'utf8');
  const [, section = ''] = /^## What is stored\n(.*?)^## /ms.exec(page) ?? [];
  const listed = section
    .split('\n')
    .flatMap((line) => [...(/^\| (`[^|]*)\|/.exec(line)?.[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
  const known = VIEWS.map(({ name }) => name);
  expect(listed.length).toBeGreaterThan(8);
  expect(listed.filter((name, i) => !known.includes(name) || listed.indexOf(name) !== i)).toEqual([]);
});
