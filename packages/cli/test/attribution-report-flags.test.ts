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

test('compare --intervals shows the interval of each share with its rank, and what stands beside it once', async () => {
  const uncertainty = { unit: 'partition', groups: 16, level: 0.95, covers: 'sampling error only', cautions: [] };
  const sure = { ...credit(9, 900), share: 0.5, shareLow: 0.412, shareHigh: 0.588, rank: 1, rankTo: 2, conversionsCautions: '' };
  const unsure = { ...credit(1, 90), share: 0.1, shareLow: null, shareHigh: null, rank: null, conversionsCautions: 'few_groups' };
  const models = ['last', 'markov', 'assisted'];
  await using server = await fakeServer(({ path, query }) => {
    if (path === '/v1/models')
      return {
        body: {
          models: models.map((name) => ({ name, family: 'dataDriven', parameters: name === 'assisted' ? [] : ['intervals'] })),
        },
      };
    const row = { channel: 'search', models: { last: sure, markov: unsure } };
    const isSure = query['intervals'] === '1';
    return {
      body: {
        ...{ ...COMPARISON, models: ['last', 'markov'] },
        rows: [isSure ? row : { ...row, currency: 'EUR' }],
        uncertainty: isSure ? { last: uncertainty, markov: uncertainty } : null,
      },
    };
  });
  const flags = ['--models', 'all', '--intervals', '--level', '95', '--url', server.url];
  const { stdout } = await tributary(['attribution', 'compare', ...flags]);
  expect(stdout).toContain('intervals of the shares (95 %), and ranks');
  expect(stdout).toMatch(/^search +41\.2 % – 58\.8 % #1–2 +–$/m);
  expect(stdout.match(/intervals of 95 % from the differences between 16 groups/g)).toHaveLength(1);
  expect(stdout).toContain('markov: caution, search: ');
  expect(server.received.slice(1).map(({ query }) => query)).toEqual([
    { by: 'channel,currency', models: 'last,markov' },
    { by: 'channel', models: 'last,markov', intervals: '1', level: '0.95' },
  ]);
});

test('rows that come alone have the codes that concern all of them, then their own', async () => {
  const cautions = [{ reward: 'conversions', code: 'few_users_decide', message: 'few users' }];
  const uncertainty = { unit: 'partition', groups: 16, level: 0.9, covers: '', cautions };
  const figures = { ...credit(1, 90), shareLow: null, conversionsCautions: 'few_groups', valueCautions: '' };
  await using server = await fakeServer(({ path, query }) => {
    const isSure = query['intervals'] === '1';
    const { conversionsCautions: _, valueCautions: __, ...amounts } = figures;
    const own = isSure ? figures : { ...amounts, currency: 'EUR' };
    return {
      body: path.endsWith('compare')
        ? { ...COMPARISON, models: ['last'], rows: [{ channel: 'a', models: { last: own } }], uncertainty: { last: uncertainty } }
        : { ...REPORT, rows: [{ channel: 'a', ...own }], uncertainty },
    };
  });
  for (const command of ['report', 'compare']) {
    const flags = ['--intervals', '--currency', 'EUR', '--format', 'ndjson', '--url', server.url];
    const { stdout } = await tributary(['attribution', command, ...flags]);
    expect(JSON.parse(stdout)).toMatchObject({ conversionsCautions: 'few_users_decide few_groups', shareLow: null });
  }
});

test.each(['report', 'compare'])(
  'law 7: %s --intervals shows two answers in one table, and what the second one lacks, the table lacks',
  async (command) => {
    const behind = {
      complete: false,
      reasons: ['behind'],
      warnings: ['partition 3: the speed layer has read nothing of the log'],
    };
    await using server = await fakeServer(({ query }) => {
      const body = command === 'report' ? REPORT : COMPARISON;
      const isSure = query['intervals'] === '1';
      const asked = isSure ? { uncertainty: null, rows: [] } : {};
      return { body: { ...body, ...asked, meta: isSure ? { ...body.meta, ...behind } : { ...body.meta, complete: true } } };
    });
    const { stdout, stderr } = await tributary(['attribution', command, '--intervals', '--url', server.url]);
    expect(stdout).toMatch(/· INCOMPLETE/);
    expect(stderr).toContain('warning: partition 3: the speed layer has read nothing of the log');
  },
);
