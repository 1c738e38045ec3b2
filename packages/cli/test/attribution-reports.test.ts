/** `tributary attribution report`, `compare` and `paths` against a server that answers as the API does. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { describe, expect, test } from 'vitest';
import { COMPARISON, credit, META, PATHS, REPORT, routes } from './api-answers.ts';
import { fakeServer, type Received, type Reply } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

describe('attribution report', () => {
  test('one row a channel, the most conversions first, money by currency, a total, the meta line', async () => {
    await using server = await fakeServer(routes);
    const done = await tributary([
      'attribution',
      'report',
      '--model',
      'linear',
      '--from',
      '2026-11-01',
      '--layer',
      'merged',
      '--url',
      server.url,
    ]);
    expect(done.stderr).toBe('');
    expect(done.stdout).toBe(
      [
        'linear, by channel · lookback 30 d',
        'channel         touches      cost  conversions    share                   value  ROAS  CPA',
        '──────────────────────────────────────────────────────────────────────────────────────────',
        'search               10  7.00 EUR         2.50   71.4 %  1,234.56 EUR + 500 JPY     –    –',
        '(unattributed)        0  0.00 EUR            1   28.6 %               50.00 EUR     –    –',
        'email                40  0.00 EUR            0    0.0 %                    0.00     –    –',
        '──────────────────────────────────────────────────────────────────────────────────────────',
        'total                50  7.00 EUR         3.50  100.0 %  1,284.56 EUR + 500 JPY     –    –',
        'credit describes paths, it is not the effect of a channel; for that, run a holdout',
        'layer merged · generation 3 cut 2026-11-21 07:00:00Z · pending 2 · lag 12 ms · complete · definitions abcdef123456',
        '',
      ].join('\n'),
    );
    expect(server.received[0]?.query).toEqual({ model: 'linear', by: 'channel,currency', from: '2026-11-01', layer: 'merged' });
    expect(server.received[0]?.headers.authorization).toBe('Bearer tw_key');
  });

  test('--view, the earlier name of --layer, goes on to work', async () => {
    await using server = await fakeServer(routes);
    await tributary(['attribution', 'report', '--view', 'speed', '--url', server.url]);
    expect(server.received[0]?.query).toMatchObject({ view: 'speed' });
  });

  test('--transform and --custom go to the API, and the title says what the model was run with', async () => {
    const parameters = { transform: 'first,last=2', custom: '30..30' };
    await using server = await fakeServer(() => ({ body: { ...REPORT, model: 'custom', parameters } }));
    const flags = ['--model', 'custom', '--transform', 'first,last=2', '--custom', '30..30', '--url', server.url];
    const done = await tributary(['attribution', 'report', ...flags]);
    expect(server.received.map(({ query }) => query)).toEqual([{ model: 'custom', by: 'channel,currency', ...parameters }]);
    expect(done.stdout).toContain('custom (transform first,last=2, custom 30..30), by channel');
  });

  test('compare --models all leaves out what takes no --transform, and asks for custom where it is given', async () => {
    const rule = { family: 'ruleBased', parameters: ['transform'] };
    const models = [
      { name: 'first', ...rule },
      { name: 'timeDecay', family: 'ruleBased', parameters: [] },
      { name: 'custom', family: 'ruleBased', parameters: ['custom', 'transform'], required: ['custom'] },
      { name: 'markov', family: 'dataDriven', parameters: ['order'] },
    ];
    await using server = await fakeServer(({ path }) => ({
      body: path === '/v1/models' ? { models } : { ...COMPARISON, models: [], rows: [], meta: META },
    }));
    const compare = (...flags: string[]) =>
      tributary(['attribution', 'compare', '--models', 'all', ...flags, '--json', '--url', server.url]);
    await compare('--transform', 'first');
    await compare('--custom', '30..30');
    expect(server.received.filter(({ path }) => path !== '/v1/models').map(({ query }) => query['models'])).toEqual([
      'first',
      'first,timeDecay,custom,markov',
    ]);
  });

  test('the title of a comparison names a transform only where one was asked for', async () => {
    await using server = await fakeServer(() => ({ body: { ...COMPARISON, parameters: { order: 1, transform: 'exposure' } } }));
    const { stdout } = await tributary(['attribution', 'compare', '--url', server.url]);
    expect(stdout).toContain(' (order 1), by channel');
  });

  test('--json is the answer of the API to exactly what was asked', async () => {
    await using server = await fakeServer(routes);
    const done = await tributary(['attribution', 'report', '--by', 'campaign', '--json', '--url', server.url]);
    expect(JSON.parse(done.stdout)).toEqual(REPORT);
    expect(server.received[0]?.query).toEqual({ model: 'last', by: 'campaign' });
  });

  test('law 7: all pages are read, and what is cut off is said', async () => {
    const page = (rows: unknown[], nextCursor: string | null) => ({ body: { ...REPORT, rows, nextCursor } });
    await using two = await fakeServer(({ query }) =>
      query['cursor'] === undefined ? page(REPORT.rows.slice(0, 2), 'next') : page(REPORT.rows.slice(2), null),
    );
    await using one = await fakeServer(routes);
    const argv = ['attribution', 'report', '--url'];
    expect((await tributary([...argv, two.url])).stdout).toBe((await tributary([...argv, one.url])).stdout);
    await using endless = await fakeServer(() => page(REPORT.rows.slice(0, 1), 'next'));
    expect((await tributary([...argv, endless.url])).stderr).toContain('only the first 10 rows are shown');
  });
});

test('compare: models side by side; what is missing is said twice, as a warning and in the meta line', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['attribution', 'compare', '--url', server.url]);
  expect(done.stdout).toContain('channel  first  last');
  expect(done.stdout).toContain('total        1     1');
  expect(done.stdout).toContain('INCOMPLETE');
  expect(done.stderr).toBe('warning: partition 3: the speed layer has read nothing of the log\n');
});

describe('data-driven models over the API', () => {
  const figures = {
    effect: 0.5164471,
    conversionsOnPaths: 1137.733,
    roasOnPaths: 0.881,
    shareLow: 0.25,
    shareHigh: 0.27,
    rank: 1,
    rankTo: 1,
    aboveNext: 0.98,
  };
  const markov = ({ path, query }: Received): Reply => {
    if (path !== '/v1/attribution') return routes({ path, query } as Received);
    const byCurrency = String(query['by']).includes('currency');
    const rows = byCurrency
      ? REPORT.rows
      : [
          { channel: 'search', ...credit(2.501, 0), ...figures },
          { channel: '(unattributed)', ...credit(1, 0), effect: null },
        ];
    return {
      body: {
        ...REPORT,
        model: 'markov',
        parameters: { order: 2, seed: 7 },
        range: { fromDay: '2026-11-01', toDay: '2026-12-01' },
        lookbackDays: 30,
        sampling: { pairs: 500, epsilon: 0.0123, delta: 0.05 },
        rows,
      },
    };
  };

  test('report: amounts by currency, effects and intervals of whole channels, window and parameters in the title', async () => {
    await using server = await fakeServer(markov);
    const done = await tributary([
      'attribution',
      'report',
      '--model',
      'markov',
      '--order',
      '2',
      '--seed',
      '7',
      '--alpha',
      '0.3',
      '--intervals',
      '--level',
      '95',
      '--url',
      server.url,
    ]);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain('markov (order 2, seed 7), by channel · 2026-11-01 to 2026-12-01 · lookback 30 d');
    expect(done.stdout).toMatch(/^channel +touches +cost +conversions +share +value +ROAS +CPA$/m);
    expect(done.stdout).toMatch(/^search +0\.5164 +1,137\.73 +0\.88 +25\.0 % – 27\.0 % +#1 +98 %$/m);
    expect(done.stdout).toContain(
      'estimated from 1,000 orders of the channels: every effect is within 0.012 with 95 % probability',
    );
    expect(server.received.map(({ query }) => query)).toEqual([
      { model: 'markov', by: 'channel,currency', order: '2', seed: '7', alpha: '0.3' },
      { model: 'markov', by: 'channel', order: '2', seed: '7', alpha: '0.3', intervals: '1', level: '0.95' },
    ]);
  });

  test('report --value: one of the two, in the query and in the table', async () => {
    await using server = await fakeServer(routes);
    const only = await tributary(['attribution', 'report', '--value', 'conversions', '--url', server.url]);
    expect(only.stdout.split('\n')[1]).not.toMatch(/value|ROAS/);
    const revenue = await tributary(['attribution', 'report', '--value', 'revenue', '--url', server.url]);
    expect(revenue.stdout.split('\n')[1]).not.toMatch(/conversions|share|CPA/);
    expect(server.received.map(({ query }) => query['value'])).toEqual(['conversions', 'revenue']);
    expect(await tributary(['attribution', 'report', '--value', 'money', '--url', server.url])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--value must be conversions, revenue or both'),
    });
  });

  test('ROAS of one currency is value for cost', async () => {
    const rows = REPORT.rows.filter(({ currency }) => currency !== 'JPY');
    await using server = await fakeServer(() => ({ body: { ...REPORT, rows } }));
    expect((await tributary(['attribution', 'report', '--url', server.url])).stdout).toMatch(/^search .* 176\.37 +2\.80 EUR$/m);
  });

  test('rows as CSV, NDJSON and Parquet are those of the API, all pages of them, or an error (law 7)', async () => {
    const pages = ({ query }: Received): Reply => ({
      body:
        query['cursor'] === undefined
          ? { ...REPORT, rows: REPORT.rows.slice(0, 1), nextCursor: 'n' }
          : { ...REPORT, rows: REPORT.rows.slice(1) },
    });
    await using server = await fakeServer(pages);
    const report = (...options: string[]) =>
      tributary(['attribution', 'report', '--by', 'channel,currency', ...options, '--url', server.url]);
    const ndjson = await report('--format', 'ndjson');
    expect(
      ndjson.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(REPORT.rows);
    const csv = await report('--format', 'csv');
    expect(csv.stdout.split('\n').slice(0, 3)).toEqual([
      'channel,currency,creditMicros,conversions,valueMinor,share,touches,costMinor',
      '(unattributed),EUR,1000000,1,5000,0.5,0,0',
      'email,(none),0,0,0,0.5,40,0',
    ]);
    const out = join(temporaryFolder('report'), 'r.parquet');
    expect(await report('--out', out)).toMatchObject({ code: 0, stdout: '' });
    const session = await openDuckDb({ memoryLimit: '500MB', threads: 1, tempDir: tmpdir() });
    try {
      const rows = await session.rows(
        'SELECT channel, currency, creditMicros::INTEGER AS creditMicros, conversions, valueMinor::INTEGER AS valueMinor, share, touches::INTEGER AS touches, costMinor::INTEGER AS costMinor FROM read_parquet($1)',
        [out],
      );
      expect(rows).toEqual(REPORT.rows);
    } finally {
      await session.close();
    }
    await using endless = await fakeServer(() => ({ body: { ...REPORT, nextCursor: 'n' } }));
    expect(await tributary(['attribution', 'report', '--format', 'csv', '--url', endless.url])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('more than 400 rows'),
    });
  });

  test('a cell that a spreadsheet would run is led by an apostrophe in CSV', async () => {
    await using server = await fakeServer(() => ({ body: { ...REPORT, rows: [{ channel: '=1+1', ...credit(-1, -5) }] } }));
    const csv = await tributary(['attribution', 'report', '--format', 'csv', '--url', server.url]);
    expect(csv.stdout.split('\n')[1]).toBe("'=1+1,-1000000,-1,-5,0.5");
  });

  test('CSV never adds euros to dollars: of several currencies each has columns, of one its name', async () => {
    const whole = [
      { channel: 'mail', ...credit(3, 700), costMinor: 90, roas: 7.8, effect: 0.5 },
      { channel: 'tv', ...credit(1, 5), costMinor: 0, roas: null, effect: 0.1 },
    ];
    const parts = [
      { channel: 'mail', currency: 'EUR', ...credit(2, 500), costMinor: 90 },
      { channel: 'mail', currency: 'USD', ...credit(1, 200), costMinor: 0 },
      { channel: 'tv', currency: 'EUR', ...credit(1, 5), costMinor: 0 },
    ];
    const meta = { ...META, warnings: ['values are in several currencies, which have no sum (EUR, USD)', 'another'] };
    const csv = async (byCurrency: typeof parts) => {
      await using server = await fakeServer(({ query }) => ({
        body: { ...REPORT, rows: query['by']?.includes('currency') === true ? byCurrency : whole, meta },
      }));
      const { stdout, stderr } = await tributary(['attribution', 'report', '--format', 'csv', '--url', server.url]);
      return [...stdout.trimEnd().split('\n'), stderr];
    };
    expect(await csv(parts)).toEqual([
      'channel,creditMicros,conversions,share,effect,valueMinor_EUR,costMinor_EUR,valueMinor_USD,costMinor_USD',
      'mail,3000000,3,0.5,0.5,500,90,200,0',
      'tv,1000000,1,0.5,0.1,5,0,0,0',
      'warning: another\nnote: amounts such as valueMinor_EUR are in minor units: 1250 is 12.50 EUR, or 1250 JPY\n',
    ]);
    expect((await csv(parts.filter(({ currency }) => currency === 'EUR'))).slice(0, 2)).toEqual([
      'channel,creditMicros,conversions,valueMinor,share,costMinor,roas,effect,currency',
      'mail,3000000,3,700,0.5,90,7.8,0.5,EUR',
    ]);
  });

  test('compare --models all asks for every model that shares the conversions out; --baseline shows differences', async () => {
    const models = [
      { name: 'first', family: 'ruleBased' },
      { name: 'markov', family: 'dataDriven' },
      { name: 'orderedShapley', family: 'dataDriven', parameters: ['position'] },
      { name: 'wShaped', family: 'ruleBased', missing: 'needs milestones' },
      { name: 'custom', family: 'ruleBased', required: ['custom'] },
      { name: 'assisted', family: 'counts' },
    ];
    const rows = [
      {
        channel: 'a',
        currency: 'EUR',
        models: {
          first: { ...credit(3, 300), share: 0.75 },
          markov: {
            ...credit(1.5, 100),
            share: 0.3,
            rank: 2,
            difference: { creditMicros: -1_500_000, valueMinor: -200, share: -0.45 },
          },
        },
      },
      {
        channel: 'b',
        currency: 'EUR',
        models: { first: { ...credit(1, 0), share: 0.25 }, markov: { ...credit(2.5, 200), share: 0.7 } },
      },
    ];
    await using server = await fakeServer(({ path }) => ({
      body: path === '/v1/models' ? { models } : { ...COMPARISON, models: ['first', 'markov'], rows, meta: META },
    }));
    const compare = (...options: string[]) =>
      tributary(['attribution', 'compare', '--models', 'all', '--baseline', 'first', ...options, '--url', server.url]);
    expect((await compare()).stdout).toContain(
      [
        'channel  first        markov',
        '─────────────────────────────',
        'a            3  1.50 (-1.50)',
        'b            1  2.50 (+1.50)',
        '─────────────────────────────',
        'total        4         4 (=)',
      ]
        .join('\n')
        .replaceAll('─'.repeat(29), '─'.repeat(28)),
    );
    expect(server.received[1]?.query).toEqual({ models: 'first,markov', baseline: 'first', by: 'channel,currency' });
    expect((await compare('--value', 'revenue')).stdout).toMatch(/^a +3\.00 EUR +1\.00 EUR \(-2\.00\)$/m);
    const csv = await compare('--format', 'csv');
    expect(csv.stdout.split('\n').slice(0, 3)).toEqual([
      'model,channel,currency,creditMicros,conversions,valueMinor,share,rank,creditMicrosDifference,valueMinorDifference,shareDifference',
      'first,a,EUR,3000000,3,300,0.75,,,,',
      'markov,a,EUR,1500000,1.5,100,0.3,2,-1500000,-200,-0.45',
    ]);
  });

  test('paths: the most frequent ones, the others as one row, totals that add up; rows for other tools', async () => {
    await using server = await fakeServer(routes);
    const done = await tributary([
      'attribution',
      'paths',
      '--from',
      '2026-11-01',
      '--type',
      'purchase',
      '--currency',
      'EUR',
      '--sort',
      'value',
      '--limit',
      '2',
      '--url',
      server.url,
    ]);
    expect(done.stdout).toContain(
      [
        'paths of conversions · 2026-11-01 to … · lookback 30 d',
        'path            conversions    share      value',
        '───────────────────────────────────────────────',
        'search > email            9   45.0 %  50.00 EUR',
        'search                    5   25.0 %  20.00 EUR',
        '(2 more)                  3   15.0 %  25.00 EUR',
        '(longer)                  1    5.0 %   1.00 EUR',
        '(unattributed)            2   10.0 %   3.00 EUR',
        '───────────────────────────────────────────────',
        'total                    20  100.0 %  99.00 EUR',
      ].join('\n'),
    );
    expect(done.stdout).toMatch(/^more +5 +25\.0 %/m);
    expect(done.stdout).toMatch(/^search +14 +9 +5 +1\.80$/m);
    expect(done.stdout).toMatch(/^tv +1 +1 +0 +–$/m);
    expect(server.received[0]?.query).toEqual({
      from: '2026-11-01',
      type: 'purchase',
      currency: 'EUR',
      sort: 'value',
      limit: '2',
    });
    const csv = await tributary(['attribution', 'paths', '--format', 'csv', '--url', server.url]);
    expect(csv.stdout).toBe('path,steps,conversions,share\nsearch > email,2,9,0.45\nsearch,1,5,0.25\n');
    expect(csv.stderr).toContain('values are in EUR, JPY and have no sum: name one with --currency');
    const inEuros = await tributary(['attribution', 'paths', '--format', 'csv', '--currency', 'EUR', '--url', server.url]);
    expect(inEuros.stdout.split('\n')[1]).toBe('search > email,2,9,0.45,5000,EUR');
    expect(JSON.parse((await tributary(['attribution', 'paths', '--json', '--url', server.url])).stdout)).toEqual(PATHS);
    expect(await tributary(['attribution', 'paths', '--limit', 'few', '--url', server.url])).toMatchObject({ code: 2 });
  });
});

test('long channel names are cut in every table of the API, and none of them can turn the line around', async () => {
  const channel = `\u202e${'x'.repeat(60)}`;
  const body = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('"search"', JSON.stringify(channel))) as object;
  await using server = await fakeServer((got) => {
    const reply = routes(got);
    return { ...reply, body: body(reply.body) };
  });
  for (const command of ['report', 'compare', 'paths']) {
    const { code, stdout } = await tributary(['attribution', command, '--url', server.url]);
    expect([command, code, stdout]).toEqual([command, 0, expect.stringContaining(`\ufffd${'x'.repeat(38)}…`)]);
    expect(stdout).not.toMatch(/\u202e|x{39}/);
  }
});

test.each(['report', 'compare', 'paths'])(
  '%s: a name of --out that contradicts --format is refused before anything is asked',
  async (command) => {
    await using server = await fakeServer(routes);
    const done = await tributary(['attribution', command, '--format', 'csv', '--out', 'x.parquet', '--url', server.url]);
    expect(done).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('must end as --format says (got "x.parquet"'),
    });
    expect(server.received).toEqual([]);
  },
);

test.each(['report', 'compare', 'paths'])(
  '%s: a name of --out with an unknown ending is refused, and any name goes with --format',
  async (command) => {
    await using server = await fakeServer(routes);
    const saved: string[] = [];
    const save = async (path: string) => void saved.push(path);
    const ask = (...more: string[]) =>
      tributary(['attribution', command, '--out', '/tmp/x.xlsx', ...more, '--url', server.url], { save });
    expect(await ask()).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--out must end in .csv, .json, .ndjson, .parquet or .txt (got "/tmp/x.xlsx")'),
    });
    expect(server.received).toEqual([]);
    expect(await ask('--format', 'csv')).toMatchObject({ code: 0 });
    expect(saved).toEqual(['/tmp/x.xlsx']);
  },
);

test.each([
  ['99.9', '0.999'],
  ['57', '0.57'],
  ['97.5', '0.975'],
])('report --level %s asks the API for %s, without the dust of floats', async (percent, fraction) => {
  await using server = await fakeServer(routes);
  const argv = ['attribution', 'report', '--model', 'markov', '--intervals', '--url', server.url, '--format', 'csv'];
  await tributary([...argv, '--level', percent]);
  // Asked once more by currency, for money: intervals are of channels as a whole.
  expect(server.received.map(({ query }) => query['level'])).toEqual([fraction, undefined]);
  const wrong = await tributary([...argv, '--level', '0.9']);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('must be in percent') });
});
