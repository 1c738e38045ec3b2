/** The lies themselves are checked in seconds; that each is noticed takes hours (`node test/laws/mutations.ts`). */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
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

test('who noticed a lie is the simulation, a file, or a test that has this title', () => {
  const files = globSync('{packages,services,jobs,infra,test}/**/*.ts', { cwd: ROOT, exclude: ['**/node_modules'] });
  const texts = files.filter((file) => /\.test\.ts$|^packages\/testkit\/|-law\.ts$/.test(file)).map(textOf);
  const titles = [...new Set(texts.flatMap(titlesIn))].flatMap(fixedParts);
  expect(titles.length).toBeGreaterThan(2_000);
  const byTitle = TABLE.map(({ noticed }) => noticed).filter((noticed) => !/^`|simulation/.test(noticed));
  expect(byTitle.length).toBeGreaterThan(400);
  expect(byTitle.filter((noticed) => !titles.some((title) => names(noticed, title)))).toEqual([]);
});

test('a lie that a test of a law notices breaks that law', () => {
  const others = TABLE.filter(({ law, noticed }) => {
    const [, named] = /^laws? ([\d, and]+):/.exec(noticed) ?? [];
    return named !== undefined && !law.split(', ').some((own) => named.includes(own));
  });
  expect(others.map(({ law, lie }) => `| ${law} | ${lie} |`)).toEqual([]);
});

test('a row names a test by its title or the beginning of it, whatever the values in it', () => {
  const named = (row: string, title: string) =>
    titlesIn(`test('${title}', () => {`)
      .flatMap(fixedParts)
      .some((parts) => names(row, parts));
  expect(named('a refund of one cent, seed 4, and more', '%s: a refund of one cent, seed %i')).toBe(true);
  expect(named('law 7: a key file is reported', 'law 7: a key file is reported at once')).toBe(true);
  expect(named('law 7: a key file is refused at once', 'law 7: a key file is reported at once')).toBe(false);
  expect(named('law 7: anything', 'law 7: %s')).toBe(false);
});

/** The literals that stand first in a call: titles of tests, and of what repeats them. */
function titlesIn(text: string): string[] {
  const literals = text.matchAll(/[\w)\]]\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g);
  return [...literals].map(([, ...kinds]) => (kinds.find((kind) => kind !== undefined) ?? '').replace(/\\(.)/g, '$1'));
}

/** What stands between the values of a title, from its first words on. None for a title of values, which would fit any row. */
function fixedParts(title: string): (readonly string[])[] {
  const parts = title.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}|%[sdijo]|\$\w+/).map((part) => part.replace(/^[\s:,]+|[\s:,]+$/g, ''));
  const fixed = parts.slice(parts.findIndex((part) => part !== ''));
  return fixed.join('').replace(/^law \d:?/, '').length < 15 ? [] : [fixed];
}

/** A row may put the law, or the file, before a title that stands in a group of tests. */
function names(row: string, title: readonly string[]): boolean {
  const [first = ''] = title;
  const alone = row.replace(/^(laws? [\d and]+|\S+\.test\.ts): /, '');
  if (alone !== row && names(alone, title)) return true;
  if (first.startsWith(row)) return true;
  const ends = title.reduce(
    (from, part) => (from < 0 || !row.includes(part, from) ? -1 : row.indexOf(part, from) + part.length),
    0,
  );
  return row.startsWith(first) && ends >= 0;
}
