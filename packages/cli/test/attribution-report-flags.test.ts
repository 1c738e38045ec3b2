/** `tributary attribution report` and `compare` with what they take beside dimensions and filters, against a server that answers as the API does. */
import { expect, test } from 'vitest';
import { COMPARISON, credit, REPORT, routes } from './api-answers.ts';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

test('--convert-to asks for amounts in one currency, which tables and rows name', async () => {
  const rows = [
    { channel: 'search', ...credit(2.5, 123_506), touches: 10, costMinor: 700, roas: 176.4, cpaMinor: 280 },
    { channel: '(unattributed)', ...credit(1, 5000), touches: 0, costMinor: 0, roas: null, cpaMinor: null },
  ];
  await using server = await fakeServer(({ path }) => ({
    body: path.endsWith('compare')
      ? {
          ...COMPARISON,
          rows: [{ channel: 'search', touches: 1, costMinor: 3, models: { first: credit(1, 123_506) } }],
          models: ['first'],
        }
      : { ...REPORT, rows },
  }));
  const flags = ['--convert-to', 'EUR', '--url', server.url];
  const table = await tributary(['attribution', 'report', ...flags]);
  expect(table.stdout).toContain('search               10  7.00 EUR         2.50   71.4 %  1,235.06 EUR  176.44  2.80');
  const csv = await tributary(['attribution', 'report', ...flags, '--format', 'csv']);
  expect(csv.stdout).toMatch(/^channel,.*,currency\n/);
  expect(csv.stdout.split('\n')[1]).toMatch(/^search,.*,EUR$/);
  const compared = await tributary(['attribution', 'compare', ...flags, '--value', 'revenue']);
  expect(compared.stdout).toContain('1,235.06 EUR');
  expect(server.received.map(({ query }) => query)).toEqual([
    { model: 'last', by: 'channel', convertTo: 'EUR' },
    { model: 'last', by: 'channel', convertTo: 'EUR' },
    { by: 'channel', convertTo: 'EUR', value: 'revenue' },
  ]);
});

test('--level without --intervals is reported, and the earlier name of --intervals refused with the fix', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['attribution', 'report', '--level', '95', '--url', server.url]);
  expect(done).toMatchObject({ code: 0, stderr: 'note: --level has no effect without --intervals\n' });
  expect(await tributary(['attribution', 'report', '--bootstrap', '50', '--url', server.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--bootstrap must be written --intervals here (got --bootstrap 50)'),
  });
});

test('tables and their totals have no figure for credit that is not handed out', async () => {
  const none = { creditMicros: null, conversions: null, valueMinor: null, roas: null, cpaMinor: null };
  const rows = [{ channel: 'search', currency: 'EUR', touches: 3, costMinor: 100, share: 1.2, ...none }];
  const ofModels = { models: { linear: { creditMicros: 2_000_000 }, rateShapley: none } };
  const compared = { models: ['linear', 'rateShapley'], rows: [{ channel: 'search', currency: 'EUR', ...ofModels }] };
  await using server = await fakeServer(({ path }) => ({
    body: { ...REPORT, ...(path.endsWith('compare') ? compared : { model: 'last', rows }) },
  }));
  const { stdout } = await tributary(['attribution', 'report', '--url', server.url]);
  expect(stdout).toMatch(/^search +3 +1\.00 EUR +– +– +– +– +–$/m);
  expect(stdout).toMatch(/^total +3 +1\.00 EUR +– +– +– +– +–$/m);
  const beside = await tributary(['attribution', 'compare', '--baseline', 'linear', '--url', server.url]);
  expect(beside.stdout).toMatch(/^search +2 +– \(–\)$/m);
});
