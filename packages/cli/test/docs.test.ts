/** docs/cli.md, docs/importing.md and docs/attribution-files.md know every command and option. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Shell } from '../src/context.ts';
import { createProgram } from '../src/run.ts';

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const docs = ['cli', 'importing', 'attribution-files'].map((name) => readFileSync(file(`docs/${name}.md`), 'utf8')).join('\n');

test('every command and every option is documented', async () => {
  const missing: string[] = [];
  const visit = (command: Command, path: string) => {
    for (const { long } of command.options) if (long && !docs.includes(long)) missing.push(`${path} ${long}`);
    for (const child of command.commands) {
      if (!docs.includes(child.name())) missing.push(`${path} ${child.name()}`);
      visit(child, `${path} ${child.name()}`);
    }
  };
  visit(await createProgram({ argv: [] as readonly string[] } as Shell, () => {}, 'all'), 'tributary');
  expect(missing).toEqual([]);
});
