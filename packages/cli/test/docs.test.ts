/** docs/cli.md, docs/importing.md and docs/attribution-files.md know every command and option, and no table of theirs is out of date. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Shell } from '../src/context.ts';
import { createProgram } from '../src/run.ts';
import { tributary } from './fake-shell.ts';

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const docs = ['cli', 'importing', 'attribution-files'].map((name) => readFileSync(file(`docs/${name}.md`), 'utf8')).join('\n');
const DATA = file('../shared/data/');

test('every command and every option is documented', () => {
  const missing: string[] = [];
  const visit = (command: Command, path: string) => {
    for (const { long } of command.options) if (long && !docs.includes(long)) missing.push(`${path} ${long}`);
    for (const child of command.commands) {
      if (!docs.includes(child.name())) missing.push(`${path} ${child.name()}`);
      visit(child, `${path} ${child.name()}`);
    }
  };
  visit(
    createProgram({} as Shell, () => {}),
    'tributary',
  );
  expect(missing).toEqual([]);
});

test.skipIf(!existsSync(DATA))(
  `the summaries in docs/importing.md are what the commands print${existsSync(DATA) ? '' : ' (SKIPPED: there is no ../shared/data)'}`,
  async () => {
    const log = await tributary(['import', 'access-log', `${DATA}apache_logs.log`, '--dry-run']);
    const map = 'user=user,path=click_1..click_5,conversion=conversion,value=value';
    const paths = await tributary([
      'import',
      'csv',
      `${DATA}user_click_paths.csv`,
      '--map',
      map,
      '--assign-times',
      '2026-11-19,1h',
      '--cost',
      'a=7,b=5,c=4,d=2',
      '--currency',
      'EUR',
      '--conversion-type',
      'purchase',
      '--dry-run',
    ]);
    for (const { stdout } of [log, paths]) expect(docs).toContain(stdout.replace('dry run: nothing was sent\n', ''));
    expect(docs).toContain(log.stderr);
  },
);
