/** What the parser refuses is said as all other refusals are: which name must be how, what it got, and what to write. */
import { expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';

test.each<[string, string]>([
  [
    'status --partition',
    'an option of "tributary status" must be one that it has (got "--partition"). Did you mean --partitions?',
  ],
  ['status --zzzz', 'an option of "tributary status" must be one that it has (got "--zzzz")'],
  ['status --zzzz=1', 'an option of "tributary status" must be one that it has (got "--zzzz=1")'],
  ['--zzzz', 'an option of "tributary" must be one that it has (got "--zzzz")'],
  [
    'attribution report --modle first',
    'an option of "tributary attribution report" must be one that it has (got "--modle"). Did you mean --model?',
  ],
  ['statsu', 'a command of "tributary" must be one that it has (got "statsu"). Did you mean status?'],
  ['attribution zzzz', 'a command of "tributary attribution" must be one that it has (got "zzzz")'],
  ['status --url', '--url must have a value (got none): the serving API [TRIBUTARY_URL]'],
  ['archive attach --for', '--for must have a value (got none): one of duckdb, pandas, spark'],
  ['completion', '<shell> must be one of bash, zsh, fish (got none)'],
  ['completion tcsh', '<shell> must be one of bash, zsh, fish (got "tcsh")'],
  ['signals get', '<user> must be given to "tributary signals get" (got none): user key: userId, else anonymousId'],
  ['computations remove', '<name> must be given to "tributary computations remove" (got none)\n'],
  ['attribution power --width 2', '--channel must be given to "tributary attribution power" (got none): whose share'],
  ['status here there', '"tributary status" must have no argument (got here, there)'],
  ['completion bash zsh', '"tributary completion" must have at most 1 argument (got bash, zsh)'],
])('%s: %s', async (line, refusal) => {
  const { code, stdout, stderr } = await tributary(line.split(' '));
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.slice(0, `error: ${refusal}`.length)).toBe(`error: ${refusal}`);
  expect(stderr).toMatch(/\n\(--help shows what there is\)\n$/);
});

test('an option is named with the model that it takes', async () => {
  const { stderr } = await tributary(['attribution', 'report', '--model']);
  expect(stderr).toMatch(/^error: --model must have a value \(got none\): one of first, last, /);
});

test.each<[string, string]>([
  ['help', 'tributary [options] [command]'],
  ['help status', 'tributary status [options]'],
  ['help attribution', 'tributary attribution [options] [command]'],
  ['help attribution run', 'tributary attribution run [options]'],
  ['attribution help run', 'tributary attribution run [options]'],
])('%s shows the usage of what it names', async (line, usage) => {
  const { code, stdout, stderr } = await tributary(line.split(' '));
  expect([code, stdout.split('\n')[0], stderr]).toEqual([0, `Usage: ${usage}`, '']);
});
