/**
 * Refusals of what somebody typed or asked for follow one pattern: `NAME must RULE (got VALUE). FIX.` What is refused by a table or a
 * schema follows it by itself. The others are found by the helpers that they pass through; all of
 * them follow it. Only what stands in the text itself counts: a text that is put together elsewhere is checked where it is written.
 */
import { expect, test } from 'vitest';
import { isTestFile } from './import-rules.ts';
import { sourceFiles, textOf } from './source-files.ts';

/** A text that stands right behind the helper, or behind a code of the table of errors. */
const REFUSAL =
  /\b(?:new UsageError|refuse|new TributaryError)\(\s*(?:'(?:invalid_query|empty_range|unknown_model)',\s*)?([`'"])((?:\\.|(?!\1)[\s\S])*)\1/g;

/** What each helper is given as a literal text in this file. */
function refusalsIn(file: string, text: string): string[] {
  return [...text.matchAll(REFUSAL)]
    .filter(([all]) => !all.includes('new TributaryError') || /'(?:invalid_query|empty_range|unknown_model)',/.test(all))
    .map(([, , said = '']) => said)
    .filter((said) => said.includes(' '))
    .filter((said) => !follows(said))
    .map((said) => `${file}: ${said}`);
}

function follows(said: string): boolean {
  return / must /.test(said) && said.includes('(got ');
}

test('a refusal of a value says the rule and the value', () => {
  expect(follows('--seed must be a whole number (got "x")')).toBe(true);
  expect(refusalsIn('a.ts', 'throw new UsageError(`--x: it is wrong`)')).toHaveLength(1);
  expect(refusalsIn('a.ts', "throw new TributaryError(\n  'invalid_query',\n  'x must be y (got z)',\n)")).toEqual([]);
  expect(refusalsIn('a.ts', "throw new TributaryError('conflict', 'another run took over')")).toEqual([]);
});

test('every refusal of a value that is written out says the rule and the value', () => {
  const found = sourceFiles()
    .filter((file) => !isTestFile(file))
    .flatMap((file) => refusalsIn(file, textOf(file)));
  expect(found).toEqual([]);
});
