/** The lies themselves are checked in seconds; that each is noticed takes hours (`node test/laws/mutations.ts`). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MUTATIONS } from './mutation-list.ts';

const ROOT = join(import.meta.dirname, '../..');
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** `| law | the lie | who noticed |` of docs/laws.md. */
const TABLE = textOf('docs/laws.md')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, law]) => /^\d(, \d)*$/.test(law ?? ''))
  .map(([, law = '', lie = '', noticed = '']) => ({ law, lie, noticed }));

test('every lie changes exactly one place of its file', () => {
  const elsewhere = MUTATIONS.filter(({ file, from, to }) => from === to || textOf(file).split(from).length !== 2);
  expect(elsewhere.map(({ lie, file }) => `${file}: ${lie}`)).toEqual([]);
});

test('every test file that is named for a lie exists', () => {
  expect(MUTATIONS.flatMap(({ test: file }) => file ?? []).filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test('docs/laws.md names every test of a law, and says nothing of a law twice', () => {
  const text = textOf('docs/laws.md');
  const laws = readdirSync(import.meta.dirname).filter((name) => /^law-\d.*\.test\.ts$/.test(name));
  expect(laws.filter((name) => !text.includes(name.replace(/(\.redis)?\.test\.ts$/, '')))).toEqual([]);
  const enforced = [...text.matchAll(/^\| ([^|\n]+?) +\| [^|\n]+ \|$/gm)].map((match) => match[1] ?? '');
  // A row that was widened begins as it did before.
  const means = enforced
    .filter((cell) => cell !== 'enforced by' && !cell.startsWith('---'))
    .map((cell) => cell.split(/[,:`]/)[0]);
  expect(means.filter((cell, i) => means.indexOf(cell) !== i)).toEqual([]);
});

test('the table "Broken on purpose" in docs/laws.md lists the lies, each once, and who noticed it', () => {
  const name = ({ law, lie }: { readonly law: string; readonly lie: string }) => `| ${law} | ${lie} |`;
  expect(TABLE.map(name).sort()).toEqual(MUTATIONS.map(name).sort());
  expect(TABLE.filter(({ noticed }) => noticed === '' || noticed.includes('**')).map(name)).toEqual([]);
});
