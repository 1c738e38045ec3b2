/** `attribution report --sort --top`: the largest rows, and how many more there are. */
import { expect, test } from 'vitest';
import { COMPARISON, compared, credit, REPORT } from './api-answers.ts';
import { fakeServer, NOTHING } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const row = (channel: string, conversions: number, value: number, costMinor: number, currency = 'EUR') => ({
  channel,
  currency,
  ...credit(conversions, value),
  touches: 10 - conversions,
  costMinor,
});
const ROWS = [row('a', 1, 900, 5), row('b', 3, 100, 7), row('c', 2, 300, 9)];
const answered = (rows: object[], rest: object | null = null) => ({ body: { ...REPORT, rows, rest } });
const report = (...options: string[]) => ['attribution', 'report', ...options];

test.each([
  [['--top', '2'], ['b', 'c'], '1 more row not shown; the total is of all'],
  [['--sort', 'value', '--top', '1'], ['a'], '2 more rows not shown'],
  [['--sort', 'cost'], ['c', 'b', 'a'], ''],
  [['--sort', 'touches'], ['a', 'c', 'b'], ''],
])('%j shows %j first', async (options, channels, note) => {
  await using server = await fakeServer(() => answered(ROWS));
  const { code, stdout } = await tributary(report(...options, '--url', server.url));
  expect(code).toBe(0);
  const shown = stdout.split('\n').flatMap((line) => /^ *([abc]) {2}/.exec(line)?.[1] ?? []);
  expect(shown).toEqual(channels);
  expect(stdout).toMatch(/^ *total +24 /m);
  expect(stdout).toContain(note);
});

test('rows for other tools are sorted by the API, and the number left out is said', async () => {
  await using server = await fakeServer(({ query }) => answered(ROWS.slice(1, 2), query['limit'] === '1' ? { rows: 2 } : null));
  const done = await tributary(report('--top', '1', '--format', 'csv', '--currency', 'EUR', '--url', server.url));
  expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('2 more rows left out') });
  expect(server.received[0]?.query).toMatchObject({ sort: 'conversions', limit: '1' });
});

test('law 7: a sorted report that the API cut unasked is an error, not a part', async () => {
  await using server = await fakeServer(() => answered(ROWS, { rows: 2 }));
  const done = await tributary(report('--sort', 'cost', '--format', 'csv', '--currency', 'EUR', '--url', server.url));
  expect(done).toMatchObject({ code: 2, stdout: '' });
});

test.each([
  [['--sort', 'roas'], '--sort must be one of conversions, value, cost, touches (got "roas")'],
  [['--top', '0'], '--top must be a number of rows, 1 to 9999 (got "0")'],
  [['--sort', 'value'], '--sort must be of one currency, and there are EUR, JPY (got "value"). Name one with --currency.'],
])('%j is wrong usage', async (options, says) => {
  const rows = [...ROWS, row('a', 0, 5, 0, 'JPY')];
  await using server = await fakeServer(() => (options[1] === 'value' ? answered(rows) : NOTHING));
  expect(await tributary(report(...options, '--url', server.url))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(says),
  });
});

test('a comparison is sorted by its baseline, and says how many rows it leaves out', async () => {
  const models = (first: number, last: number) => ({ first: compared(first), last: compared(last) });
  const rows = [
    { channel: 'a', currency: 'EUR', touches: 1, costMinor: 0, models: models(1, 3) },
    { channel: 'b', currency: 'EUR', touches: 2, costMinor: 0, models: models(2, 1) },
    { channel: 'c', currency: 'EUR', touches: 3, costMinor: 0, models: models(3, 2) },
  ];
  await using server = await fakeServer(() => ({ body: { ...COMPARISON, rows, rest: null } }));
  const channels = async (...options: string[]) => {
    const { stdout } = await tributary(['attribution', 'compare', ...options, '--url', server.url]);
    return [...stdout.matchAll(/^ *([abc]) {2}/gm)].map(([, channel]) => channel).concat(/\d+ more rows?/.exec(stdout) ?? []);
  };
  expect(await channels('--sort', 'conversions', '--baseline', 'last', '--top', '2')).toEqual(['a', 'c', '1 more row']);
  expect(await channels('--sort', 'conversions')).toEqual(['c', 'b', 'a']);
  expect(await channels('--sort', 'touches', '--top', '1')).toEqual(['c', '2 more rows']);
});

test('CPA is left out where conversions are paid in another currency than costs, also where values are not asked for', async () => {
  const { valueMinor: _, ...credited } = credit(2, 0);
  const paid = (currency: string, costMinor: number) => ({ channel: 'a', currency, ...credited, touches: 1, costMinor });
  for (const [rows, says] of [
    [[paid('EUR', 500), { ...paid('(none)', 0) }], '1.25 EUR'],
    [[paid('EUR', 500), paid('USD', 0)], '–'],
  ] as const) {
    await using server = await fakeServer(() => answered([...rows]));
    const { stdout } = await tributary(report('--value', 'conversions', '--url', server.url));
    expect(/ (\S+(?: EUR)?) *$/.exec(/^ *a .*$/m.exec(stdout)?.[0] ?? '')?.[1]).toBe(says);
  }
});
