import { readFileSync } from 'node:fs';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';

test('each view, and no other, is in the table of docs/models.md', () => {
  const page = readFileSync(new URL('../../../docs/models.md', import.meta.url), 'utf8');
  const [, section = ''] = /^## What is stored\n(.*?)^## /ms.exec(page) ?? [];
  const listed = section.split('\n').flatMap((line) => [...(/^\| (`[^|]*)\|/.exec(line)?.[1] ?? '').matchAll(/`(\w+)`/g)]);
  expect(listed.map(([, name]) => name).sort()).toEqual(VIEWS.map(({ name }) => name).sort());
});
