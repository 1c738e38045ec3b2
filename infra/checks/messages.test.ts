/**
 * Refusals of what somebody sent, typed or configured follow one pattern: `NAME must RULE (got VALUE). FIX.` Those that are made of a rule
 * and a value (`invalid`, tables of settings, schemas) follow it by themselves; all others are texts, which are looked for here.
 */
import { ERRORS, type ErrorCode } from '@tributary/model/errors';
import { expect, test } from 'vitest';
import { isTestFile } from './import-rules.ts';
import { refusalsIn } from './refusals.ts';
import { sourceFiles, textOf } from './source-files.ts';

/** A value of the caller is wrong: not that something does not exist, is busy, or has failed. */
const REFUSING: ReadonlySet<string> = new Set(
  (Object.keys(ERRORS) as ErrorCode[]).filter((code) => {
    const { status, refusesStart }: { status: number; refusesStart?: true } = ERRORS[code];
    return [400, 401, 403, 408, 413, 415].includes(status) || refusesStart === true;
  }),
);

function follows(said: string): boolean {
  return / must /.test(said) && said.includes('(got ');
}

function saidIn(...texts: readonly string[]): string[] {
  return refusalsIn(
    texts.map((text, i) => ({ file: `${i}.ts`, text })),
    REFUSING,
  ).map(({ said }) => said);
}

test('a refusal says the rule and the value', () => {
  expect(follows('--seed must be a whole number (got "x")')).toBe(true);
  expect(['--seed is not a number (got "x")', '--seed must be a number'].map(follows)).toEqual([false, false]);
});

test('texts are found behind each code that refuses a value, and not behind others', () => {
  for (const error of ['UsageError', 'InputError'])
    expect(saidIn(`throw new ${error}('--x: it is wrong')`)).toEqual(['--x: it is wrong']);
  expect(saidIn("throw new TributaryError(\n  'invalid_query',\n  'x must be y (got z)',\n)")).toEqual(['x must be y (got z)']);
  const nested = 'path: $' + '{nameOf(`a(`)} was not read';
  expect(saidIn(`throw new TributaryError('invalid_config', \`${nested}\`);`)).toEqual([nested]);
  expect(saidIn("throw new TributaryError('conflict', 'another run took over')")).toEqual([]);
});

test('texts are found where a constant or a function hands them on', () => {
  const made = "const why = isIt ? 'it was not a key' : 'x y';\n  throw new TributaryError('invalid_config', why);\n";
  expect(saidIn(`function f(why2: string) {\n  ${made}}\n`)).toEqual(['it was not a key', 'x y']);
  const helper = 'export function wrong(file: string, what: string) {\n';
  const call = "throw wrong(join(a, 'b c'), 'was not a url');\n";
  expect(saidIn(`${helper}  return new TributaryError('invalid_config', what);\n}\n`, call)).toEqual(['was not a url']);
  const framed = `${helper}  return new TributaryError('invalid_config', \`the url \${what}\`);\n}\n`;
  expect(saidIn(framed, call)).toEqual(['the url was not a url']);
  const framedAlone = ['the url $', '{what}'].join('');
  expect(saidIn(framed.replace('export ', ''), call)).toEqual([framedAlone]);
});

test('every refusal of a value that is written out says the rule and the value', () => {
  const sources = sourceFiles()
    .filter((file) => !isTestFile(file))
    .map((file) => ({ file, text: textOf(file) }));
  const found = refusalsIn(sources, REFUSING);
  expect(found.length).toBeGreaterThan(150);
  expect(found.filter(({ said }) => !follows(said)).map(({ file, said }) => `${file}: ${said}`)).toEqual([]);
});
