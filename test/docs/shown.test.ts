import { expect, test } from 'vitest';
import { blocksOf, examplesOf, statementsOf } from './blocks.ts';
import { jsonDifference, textDifference } from './shown.ts';

test('statements go over lines within quotes, behind backslashes and pipes; comments are none', () => {
  const script = `KEY=tw_…   # a key\ncurl -d '\n  {"a": "#1"}' \\\n  x\n\n# alone\necho 'a' |\n  cat\n`;
  expect(statementsOf(script)).toEqual(['KEY=tw_…', `curl -d '\n  {"a": "#1"}'   x`, "echo 'a' |\n  cat"]);
});

test('an output right behind a script is that of its last command; in a session each command has its own', () => {
  const examples = examplesOf(
    blocksOf(
      '```sh\na\nb\n```\n```json\n{}\n```\n```sh\nf\n```\ntext\n```json\n{}\n```\n```console\n$ c \\\n  d\none\n$ e\ntwo\n```\n',
    ),
  );
  expect(examples.map(({ command, shown }) => [command, shown?.text])).toEqual([
    ['a', undefined],
    ['b', '{}\n'],
    ['f', undefined],
    ['c   d', 'one\n'],
    ['e', 'two\n'],
  ]);
});

test.each([
  ['total  3', 'total 12,003.5', true],
  ['a\n…\nc', 'a\nb\nb\nc', true],
  ['rows of …', 'rows of anna', true],
  ['generation 3 · complete', 'generation 4 · incomplete', false],
  ['channel  share', 'channel  value', false],
  ['a', 'a\nb', false],
  [
    'asked\ndone (after 2.6 s)',
    'asked\ncomputing (5.1 s)\nwaiting for the API at http://x, up to 60 s\ndone (after 26.1 s)',
    true,
  ],
  ['asked\ndone (after 2.6 s)', 'asked\ncomputing (5.1 s)\nfailed (after 26.1 s)', false],
  ['done (after 2.6 s)', 'done (after 522 ms)', true],
  ['done (after 2.6 s)', 'done (after 1 min 5 s)', true],
  ['done (after 2.6 s)', 'done (after 2.6 kB)', false],
])('text: %j is what %j prints: %s', (shown, printed, agrees) => {
  expect(textDifference(shown, printed) === undefined).toBe(agrees);
});

test.each([
  ['{"a": 1, …}', '{"a":2,"b":3}', true],
  ['{"a": 1}', '{"a":2,"b":3}', false],
  ['{"rows": [ {"a": "x y"}, … ], "n": …}', '{"rows":[{"a":"x y"},{"a":"z"}],"n":null}', true],
  ['{"rows": [{"a": "x"}]}', '{"rows":[{"a":"y"}]}', false],
  ['{"id": "e-92"}', '{"id":"e-7"}', true],
  ['{"roas": null}', '{"roas":0.5}', false],
  ['{"a": 1}', '{}', false],
])('json: %s is what %s prints: %s', (shown, printed, agrees) => {
  expect(jsonDifference(shown, printed) === undefined).toBe(agrees);
});
