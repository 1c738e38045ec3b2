/**
 * Refusals of what somebody typed or asked for follow one pattern: `NAME must RULE (got VALUE). FIX.` What is refused by a table or a
 * schema follows it by itself. The others are found by the helpers that they pass through; those that do not follow it yet, and
 * those that are about the state of a file and not about a value, are counted here, by file: a number may only become smaller.
 */
import { expect, test } from 'vitest';
import { isTestFile } from './import-rules.ts';
import { sourceFiles, textOf } from './source-files.ts';

/** A text that stands right behind the helper, or behind a code of the table of errors. */
const REFUSAL =
  /\b(?:new UsageError|refuse|new TributaryError)\(\s*(?:'(?:invalid_query|empty_range|unknown_model)',\s*)?([`'"])((?:\\.|(?!\1)[\s\S])*)\1/g;

const OTHERWISE: Readonly<Record<string, number>> = {
  'packages/cli/src/commands/attribution-power.ts': 1,
  'packages/cli/src/commands/dead-letters.ts': 2,
  'packages/cli/src/commands/events-check.ts': 1,
  'packages/cli/src/commands/events-send.ts': 4,
  'packages/cli/src/commands/import-csv.ts': 3,
  'packages/cli/src/commands/keys.ts': 2,
  'packages/cli/src/import/csv-map.ts': 7,
  'packages/cli/src/import/csv-rows.ts': 4,
  'packages/cli/src/json-file.ts': 2,
  'packages/cli/src/paths/costs.ts': 6,
  'packages/cli/src/paths/event-file.ts': 2,
  'packages/cli/src/paths/model-choice.ts': 1,
  'packages/cli/src/paths/path-columns.ts': 8,
  'packages/cli/src/paths/run-input.ts': 2,
  'packages/cli/src/paths/run-plan.ts': 7,
  'packages/cli/src/report/definition-file.ts': 1,
  'packages/cli/src/report/record-output.ts': 4,
  'packages/cli/src/settings.ts': 2,
  'packages/reports/src/rows/converted.ts': 1,
};

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

test('no file has more refusals of another form than it had', () => {
  const found = sourceFiles()
    .filter((file) => !isTestFile(file))
    .flatMap((file) => refusalsIn(file, textOf(file)));
  const counts = Object.fromEntries(
    [...new Set(found.map((line) => line.slice(0, line.indexOf(': '))))].map((file) => [
      file,
      found.filter((line) => line.startsWith(`${file}: `)).length,
    ]),
  );
  expect(Object.entries(counts).filter(([file, count]) => count > (OTHERWISE[file] ?? 0))).toEqual([]);
});
