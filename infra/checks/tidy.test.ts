/** The house rules that a compiler does not know. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isTestFile, objection } from './import-rules.ts';
import { importsOf, REPOSITORY, sourceFiles, textOf } from './source-files.ts';

const MOST_LINES = 450;
/** Characters of a line of the changelog that no other one begins with. */
const BEGINNING = 60;
/** Characters of a call of SQL's, up to its options. */
const MOST_OF_CALL = 300;
const files = sourceFiles();

test(`no file has more than ${MOST_LINES} lines`, () => {
  const long = files.map((file) => [file, textOf(file).split('\n').length] as const).filter(([, lines]) => lines > MOST_LINES);
  expect(long).toEqual([]);
});

test('the core takes clock, randomness and environment as arguments', () => {
  const impure =
    /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bprocess\.|\brandomUUID\b|\bsetTimeout\b|\bfetch\(/;
  const core = files.filter((file) => /^packages\/(model|attribution|views|signals)\/src\//.test(file) && !isTestFile(file));
  expect(core.length).toBeGreaterThan(10);
  expect(core.filter((file) => impure.test(withoutComments(textOf(file))))).toEqual([]);
});

test('definitions that people wrote come in one way, which checks all of them', () => {
  const others = files.filter(
    (file) => !isTestFile(file) && /\bparseDefinitions\b[^;]*from '@tributary\/model\/definitions'/.test(textOf(file)),
  );
  expect(others.filter((file) => !file.startsWith('packages/testkit/'))).toEqual(['packages/signals/src/definitions/file.ts']);
});

/** DuckDB takes a folder called `type=prod` above a file for a column of it, wherever the data folder lies. */
test('no statement reads columns from the names of folders', () => {
  const reads = files
    .filter((file) => !isTestFile(file) && /^(packages|services|jobs)\/[^/]+\/src\//.test(file))
    .flatMap((file) => {
      const [, ...each] = textOf(file).split(/\bread_(?:parquet|json|csv)\(/);
      return each.map((text) => [file, text.slice(0, MOST_OF_CALL)] as const);
    });
  expect(reads.length).toBeGreaterThan(10);
  expect(reads.filter(([, text]) => !text.includes('hive_partitioning = false'))).toEqual([]);
});

/** It takes `*`, `?` and `[` in a path for a pattern: what fits it elsewhere would be read as well, or first. */
test('no statement reads files by a path that is a pattern', () => {
  const bySource = files
    .filter((file) => !isTestFile(file) && /^(packages|services|jobs)\/[^/]+\/src\//.test(file))
    .map((file) => [file, textOf(file)] as const)
    .filter(([, text]) => /\b(?:read_(?:parquet|json|csv)|parquet_(?:schema|metadata))\(/.test(text));
  expect(bySource.length).toBeGreaterThan(10);
  expect(bySource.filter(([, text]) => !/\b(?:filesSql|ofOneName)\(/.test(text)).map(([file]) => file)).toEqual([]);
});

test('nothing is named after nothing', () => {
  expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|manager|index)(\/|\.ts$)/.test(file))).toEqual([]);
});

/** Branches that are put together leave both of what each changed of a line: the changelog is merged by union. */
test('the changelog says everything once', () => {
  const begun = textOf('CHANGELOG.md')
    .split('\n')
    .filter((line) => line.startsWith('- '))
    .map((line) => line.slice(0, BEGINNING));
  expect(begun.length).toBeGreaterThan(200);
  expect(begun.filter((text, i) => begun.indexOf(text) < i)).toEqual([]);
});

test('no test is left out or left alone by hand', () => {
  const marked = files.filter(
    (file) => /\.test\.ts$/.test(file) && /\b(test|it|describe)\.(only|skip|todo)\(/.test(textOf(file)),
  );
  expect(marked).toEqual([]);
});

test('tests that replace modules have a process of their own, by their name', () => {
  const tests = files.filter((file) => /\.test\.ts$/.test(file));
  const replacing = tests.filter((file) =>
    /\bvi\.(mock|doMock|resetModules)\(/.test(textOf(file).replaceAll(/'.*?'|\/.*\//g, '')),
  );
  expect(replacing).toEqual(tests.filter((file) => /\.isolated\.test\.ts$/.test(file)));
});

test('hooks of tests stand in the files of tests, or in functions that these call: a file is loaded once, for several', () => {
  const helpers = files.filter((file) => /(^|\/)test\/|^packages\/testkit\//.test(file) && !/\.test\.ts$/.test(file));
  expect(helpers.length).toBeGreaterThan(50);
  expect(helpers.filter((file) => /^(before|after)(All|Each)\(/m.test(textOf(file)))).toEqual([]);
});

test('every import goes in an allowed direction', () => {
  const wrong = files.flatMap((file) => importsOf(file, textOf(file)).map((one) => [one, objection(one)] as const));
  expect(wrong.filter(([, why]) => why !== undefined)).toEqual([]);
});

test('every decision has a number of its own, in its name and in its title', () => {
  const names = readdirSync(join(REPOSITORY, 'docs/decisions')).sort();
  const numbers = names.map((name) => Number(name.slice(0, 4)));
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  expect(names.map((name) => Number(/^# (\d+)\. /.exec(textOf(`docs/decisions/${name}`))?.[1]))).toEqual(numbers);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}
