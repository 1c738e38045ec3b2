/** The reading commands against a server that answers as the API does (services/api/src/routes). */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { freePort } from '@tributary/testkit/redis-server';
import { describe, expect, test } from 'vitest';
import { fakeServer, problem, type Received, type Reply } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

/** An address where nobody listens. A low port will not do: fetch refuses those without trying. */
const NOBODY = `http://127.0.0.1:${await freePort()}`;

const META = {
  view: 'merged',
  generation: 3,
  cut: Date.UTC(2026, 10, 21, 7),
  speed: { lagMs: 12, watermark: Date.UTC(2026, 10, 21, 8) },
  pending: 2,
  complete: true,
  warnings: [] as string[],
  definitions: 'abcdef123456',
}; // prettier-ignore

const credit = (conversions: number, valueMinor: number) => ({
  creditMicros: Math.round(conversions * 1e6),
  conversions,
  valueMinor,
});
const REPORT = {
  model: 'linear',
  by: ['channel', 'currency'],
  range: { fromDay: null, toDay: null },
  rows: [
    { channel: '(unattributed)', currency: 'EUR', ...credit(1, 5000), touches: 0, costMinor: 0 },
    { channel: 'email', currency: '(none)', ...credit(0, 0), touches: 40, costMinor: 0 },
    { channel: 'search', currency: 'EUR', ...credit(2.5, 123_456), touches: 10, costMinor: 700 },
    { channel: 'search', currency: 'JPY', ...credit(0.001, 500), touches: 0, costMinor: 0 },
  ],
  totals: {},
  nextCursor: null,
  meta: META,
};
const COMPARISON = {
  models: ['first', 'last'],
  rows: [
    { channel: 'email', models: { first: credit(1, 100), last: credit(0, 0) } },
    { channel: 'search', models: { first: credit(0, 0), last: credit(1, 100) } },
  ],
  nextCursor: null,
  meta: { ...META, complete: false, warnings: ['partition 3: the speed layer has read nothing of the log'] },
};
const EXPLANATION = {
  conversion: { ts: Date.UTC(2026, 10, 20, 9), id: 'c1', type: 'purchase', valueMinor: 4990, currency: 'EUR' },
  userId: 'ana',
  attributed: true,
  unattributedMicros: 0,
  touches: [
    {
      ts: Date.UTC(2026, 8, 1),
      id: 't0',
      type: 'ad_click',
      channel: 'social',
      eligible: false,
      reason: '80 days before the conversion, outside the 30-day window',
      credits: {},
    },
    {
      ts: Date.UTC(2026, 10, 19),
      id: 't1',
      type: 'ad_click',
      channel: 'search',
      eligible: true,
      reason: 'within the window',
      credits: {
        first: { weight: 1, creditMicros: 1_000_000, valueMinor: 4990 },
        last: { weight: 0, creditMicros: 0, valueMinor: 0 },
      },
    },
    {
      ts: Date.UTC(2026, 10, 20),
      id: 't2',
      type: 'email_click',
      channel: 'email',
      eligible: true,
      reason: 'within the window',
      credits: {
        first: { weight: 0, creditMicros: 0, valueMinor: 0 },
        last: { weight: 1, creditMicros: 1_000_000, valueMinor: 4990 },
      },
    },
  ],
  omittedTouches: 0,
  weightSums: {},
  models: ['first', 'last'],
  meta: {
    generation: 3,
    sources: ['speed', 'batch'],
    complete: true,
    warnings: [],
    definitions: 'abcdef123456',
    lookbackMs: 30 * 86_400_000,
  },
}; // prettier-ignore
const SIGNALS = {
  userId: 'a/b ü',
  status: 'PRESENT',
  signals: [
    { ts: Date.UTC(2026, 10, 21), type: 'purchase', id: 's1', userId: 'a/b ü', value: 4990, currency: 'EUR' },
    { ts: Date.UTC(2026, 10, 20), type: 'evil\u001b[31m', id: 's2', userId: 'a/b ü' },
  ],
  nextCursor: 'more',
  meta: { view: 'speed', speed: { lagMs: null, watermark: null }, complete: true, warnings: [] },
};
const STATUS = {
  partitions: [
    { partition: 0, position: 'p', logEnd: 'p', behind: false, logTime: Date.UTC(2026, 10, 21), lagMs: 90_000, generation: 3 },
    { partition: 1, position: null, logEnd: 'q', behind: true, logTime: null, lagMs: null, generation: null },
  ],
  generation: { current: 3, served: 2, sequence: 5, failure: 'view rows are corrupt' },
  pending: 7,
  complete: false,
  warnings: ['partition 1: behind'],
  definitions: 'abcdef123456',
};
const moved = (before: number, after: number) => ({ before, after, difference: after - before });
const RECONCILIATIONS = {
  reconciliations: [
    {
      generation: 3,
      reconciliation: {
        generation: 3,
        comparedWith: 2,
        at: Date.UTC(2026, 10, 21),
        equal: false,
        because: { lateEvents: 4, duplicates: 0, overflowedUsers: 0, definitionsChanged: true, speedBehind: [1, 7] },
        views: {
          activity: { rowsBefore: 5, rowsAfter: 5, rowsDiffering: 0, totals: { events: moved(1_234, 1_234) }, rows: [] },
          credit: {
            rowsBefore: 9,
            rowsAfter: 10,
            rowsDiffering: 12,
            totals: { creditMicros: moved(1_500_000, 1_500_000), valueMinor: moved(100, 600) },
            rows: [
              {
                key: { day: '2026-11-20', channel: 'email', currency: 'EUR' },
                measures: { creditMicros: moved(0, 0), valueMinor: moved(100, 600) },
              },
            ],
          },
        },
      },
    },
  ],
  nextCursor: null,
}; // prettier-ignore

const PATHS = {
  range: { fromDay: '2026-11-01', toDay: null },
  lookbackDays: 30,
  totals: { conversions: 20, valueMinor: 9_900 },
  paths: [
    { steps: ['search', 'email'], conversions: 9, valueMinor: 5_000, share: 0.45 },
    { steps: ['search'], conversions: 5, valueMinor: 2_000, share: 0.25 },
  ],
  distinctPaths: 4,
  longer: { conversions: 1, valueMinor: 100 },
  unattributed: { conversions: 2, valueMinor: 300 },
  touches: Array.from({ length: 20 }, (_, i) => ({ touches: String(i), conversions: 1, valueMinor: 495 })),
  lagDays: [{ lagDays: 3, conversions: 20, valueMinor: 9_900 }],
  assists: [
    {
      channel: 'search',
      assisted: 9,
      assistedValueMinor: 0,
      participated: 14,
      participatedValueMinor: 0,
      last: 5,
      lastValueMinor: 0,
      ratio: 1.8,
    },
    {
      channel: 'tv',
      assisted: 1,
      assistedValueMinor: 0,
      participated: 1,
      participatedValueMinor: 0,
      last: 0,
      lastValueMinor: 0,
      ratio: null,
    },
  ],
  meta: META,
};

const ROUTES: Readonly<Record<string, unknown>> = {
  '/v1/paths': PATHS,
  '/v1/attribution': REPORT,
  '/v1/attribution/compare': COMPARISON,
  '/v1/conversions/c1': EXPLANATION,
  '/v1/users/a%2Fb%20%C3%BC/signals': SIGNALS,
  '/v1/status': STATUS,
  '/v1/reconciliations': RECONCILIATIONS,
  '/v1/reconciliations/3': RECONCILIATIONS.reconciliations[0],
  '/v1/generations': { generations: [], publication: null, nextCursor: null },
};
const routes = ({ path }: Received): Reply =>
  path in ROUTES ? { body: ROUTES[path] } : problem(404, 'not_found', `there is no ${path}`);

/** Every command that reads from the API, with the exit code of its answer above. */
const COMMANDS: readonly (readonly [code: number, ...argv: string[]])[] = [
  [0, 'attribution', 'report', '--model', 'linear'],
  [0, 'attribution', 'compare'],
  [0, 'attribution', 'paths'],
  [0, 'attribution', 'explain', 'c1'],
  [0, 'signals', 'get', 'a/b ü'],
  [1, 'status'],
  [1, 'reconcile', 'show'],
  [1, 'reconcile', 'show', '3'],
  [0, 'batch', 'status'],
];

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
      '--view',
      'merged',
      '--url',
      server.url,
    ]);
    expect(done.stderr).toBe('');
    expect(done.stdout).toBe(
      [
        'linear, by channel',
        'channel         touches      cost  conversions    share                   value  ROAS       CPA',
        '───────────────────────────────────────────────────────────────────────────────────────────────',
        'search               10  7.00 EUR         2.50   71.4 %  1,234.56 EUR + 500 JPY     –  2.80 EUR',
        '(unattributed)        0      0.00            1   28.6 %               50.00 EUR     –         –',
        'email                40      0.00            0    0.0 %                    0.00     –         –',
        '───────────────────────────────────────────────────────────────────────────────────────────────',
        'total                50  7.00 EUR         3.50  100.0 %  1,284.56 EUR + 500 JPY     –  2.00 EUR',
        'view merged · generation 3 cut 2026-11-21 07:00:00Z · pending 2 · lag 12 ms · complete · definitions abcdef123456',
        '',
      ].join('\n'),
    );
    expect(server.received[0]?.query).toEqual({ model: 'linear', by: 'channel,currency', from: '2026-11-01', view: 'merged' });
    expect(server.received[0]?.headers.authorization).toBe('Bearer tw_key');
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
    marginalConversions: 1137.733,
    marginalRoas: 0.881,
    shareLow: 0.25,
    shareHigh: 0.27,
    rank: 1,
    rankStability: 0.98,
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
      '--bootstrap',
      '100',
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
      { model: 'markov', by: 'channel', order: '2', seed: '7', alpha: '0.3', intervals: '100', level: '0.95' },
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
      stderr: expect.stringContaining('--value is conversions, revenue or both'),
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
      'channel,currency,creditMicros,conversions,valueMinor,touches,costMinor',
      '(unattributed),EUR,1000000,1,5000,0,0',
      'email,(none),0,0,0,40,0',
    ]);
    const out = join(mkdtempSync(join(tmpdir(), 'tributary-report-')), 'r.parquet');
    expect(await report('--out', out)).toMatchObject({ code: 0, stdout: '' });
    const session = await openDuckDb({ memoryLimit: '500MB', threads: 1, tempDir: tmpdir() });
    try {
      const rows = await session.rows(
        'SELECT channel, currency, creditMicros::INTEGER AS creditMicros, conversions, valueMinor::INTEGER AS valueMinor, touches::INTEGER AS touches, costMinor::INTEGER AS costMinor FROM read_parquet($1)',
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
    expect(csv.stdout.split('\n')[1]).toBe("'=1+1,-1000000,-1,-5");
  });

  test('compare --models all asks for every model that shares the conversions out; --baseline shows differences', async () => {
    const models = [
      { name: 'first', family: 'ruleBased' },
      { name: 'markov', family: 'dataDriven' },
      { name: 'orderedShapley', family: 'dataDriven' },
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
    expect(csv.stdout).toBe('path,steps,conversions,valueMinor,share\nsearch > email,2,9,5000,0.45\nsearch,1,5,2000,0.25\n');
    expect(JSON.parse((await tributary(['attribution', 'paths', '--json', '--url', server.url])).stdout)).toEqual(PATHS);
    expect(await tributary(['attribution', 'paths', '--limit', 'few', '--url', server.url])).toMatchObject({ code: 2 });
  });
});

test('explain: every touch, its credit, why; credits add up to the conversion (law 4)', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['attribution', 'explain', 'c1', '--url', server.url]);
  expect(done.stdout).toContain('purchase c1 of ana, 2026-11-20 09:00:00Z, 49.90 EUR');
  expect(done.stdout).toMatch(/social +– +– +80 days before/);
  expect(done.stdout).toMatch(/total +1 +1\n/);
  const wrong = await tributary(['attribution', 'explain', 'c1', '--model', 'best', '--url', server.url]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no model "best"; there are first, last') });
});

test('signals: text of users cannot steer the terminal; the next page is told', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['signals', 'get', 'a/b ü', '--names', 'purchase', '--url', server.url]);
  expect(done.stdout).toContain('49.90 EUR');
  expect(done.stdout).not.toContain('\u001b');
  expect(done.stderr).toBe('there are more: --cursor more\n');
  await using empty = await fakeServer(() => ({ body: { ...SIGNALS, status: 'NOT_FOUND', signals: [], nextCursor: null } }));
  expect(await tributary(['signals', 'get', 'nobody', '--url', empty.url])).toMatchObject({
    code: 1,
    stderr: 'no event of the user "nobody" is stored\n',
  });
});

test('status: facts, partitions on request, exit 1 when answers are incomplete', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['status', '--partitions', '--url', server.url]);
  expect(done.code).toBe(1);
  expect(done.stdout).toContain('generation           3, served is 2: view rows are corrupt');
  expect(done.stdout).toContain('2 partitions, 1 behind, 1 without events');
  expect(done.stdout).toContain('1 min 30 s ago');
});

test.each(['invalid_query', 'unknown_model', 'empty_range'])(
  '400 %s is wrong usage: exit 2, detail and fix, no address',
  async (code) => {
    await using server = await fakeServer(() => problem(400, code, 'there is no model "shapely"'));
    const argv = ['attribution', 'report', '--model', 'shapely', '--url', server.url];
    const stderr = `error: there is no model "shapely"\n  fix: fix of ${code}\n`;
    expect(await tributary(argv)).toMatchObject({ code: 2, stdout: '', stderr });
    expect(JSON.parse((await tributary([...argv, '--json'])).stderr).error).toMatchObject({ code, exitCode: 2 });
  },
);

test.each([
  [['batch', 'publish', '999'], 'tributary batch status'],
  [['batch', 'rollback', '999'], 'tributary batch status'],
  [['reconcile', 'show', '999'], 'tributary batch status.*deleted with their generation'],
  [['attribution', 'explain', 'X'], 'tributary events tail'],
])('404 of %j says where ids come from', async (argv, where) => {
  await using server = await fakeServer(routes);
  const done = await tributary([...argv, '--url', server.url]);
  expect(done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(`there is no .*\n  fix: .*${where}`) });
});

test('reconcile: seen against computed by view, the rows that differ, what can explain it; a difference is exit 1', async () => {
  await using server = await fakeServer(routes);
  const done = await tributary(['reconcile', 'show', '--url', server.url]);
  expect(done.code).toBe(1);
  expect(done.stdout).toContain(
    'generation 3 against generation 2 and real time (2026-11-21 00:00:00Z): readers saw something else',
  );
  expect(done.stdout).toMatch(/^activity +5 +5 +0 {2}events +1,234 +1,234 +0$/m);
  expect(done.stdout).toMatch(/^2026-11-20 {2}email +EUR +value +1\.00 EUR +6\.00 EUR +5\.00 EUR$/m);
  expect(done.stdout).toContain('and 11 more rows');
  for (const reason of [
    'at most 4 late events (copies counted)',
    'A difference is expected after late events',
    'summed over the models',
    'the definitions changed',
    'in the partitions 1, 7',
  ])
    expect(done.stdout).toContain(reason);
  expect(done.stdout).not.toContain('duplicates');

  const [first] = RECONCILIATIONS.reconciliations;
  const calm = {
    ...first?.reconciliation,
    equal: true,
    views: {},
    because: { lateEvents: 0, duplicates: 0, overflowedUsers: 0, definitionsChanged: false, speedBehind: [] },
  };
  await using equal = await fakeServer(() => ({ body: { generation: 3, reconciliation: calm } }));
  expect(await tributary(['reconcile', 'show', '3', '--url', equal.url])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('readers saw exactly what the batch computed'),
  });
  await using none = await fakeServer(() => ({ body: { reconciliations: [], nextCursor: null } }));
  expect(await tributary(['reconcile', 'show', '--json', '--url', none.url])).toMatchObject({ code: 1, stdout: 'null\n' });
});

describe.each(COMMANDS.map(([code, ...argv]) => ({ code, argv, name: argv.join(' ') })))('tributary $name', ({ code, argv }) => {
  test('--json: one JSON document on stdout, before or after the command', async () => {
    await using server = await fakeServer(routes);
    const before = await tributary(['--json', '--url', server.url, ...argv]);
    const after = await tributary([...argv, '--json', '--url', server.url]);
    expect(before.code).toBe(code);
    expect(after.stdout).toBe(before.stdout);
    expect(JSON.parse(after.stdout)).toBeTypeOf('object');
    expect(after.stdout).not.toContain('warning:');
  });

  test('an API that does not answer: exit 3, nothing on stdout, the address and a fix on stderr', async () => {
    const done = await tributary([...argv, '--url', NOBODY]);
    expect(done).toMatchObject({ code: 3, stdout: '' });
    expect(done.stderr).toMatch(
      /the API at http:\/\/127\.0\.0\.1:\d+ does not answer: connect ECONNREFUSED .*\n {2}fix: Start the platform/,
    );
    const json = await tributary([...argv, '--json', '--url', NOBODY]);
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: 'api_unreachable', exitCode: 3 });
  });

  test('401, a proxy that answers HTML, 503: exit codes and words', async () => {
    await using denied = await fakeServer(() => problem(401, 'unauthorized', 'the key is not known'));
    expect(await tributary([...argv, '--url', denied.url])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/401: the key is not known\n {2}fix: Give a key/),
    });
    await using proxy = await fakeServer(() => ({ body: '<html>' }));
    expect(await tributary([...argv, '--url', proxy.url])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('not JSON'),
    });
    await using down = await fakeServer(() => problem(503, 'store_unavailable', 'the store did not answer'));
    expect(await tributary([...argv, '--url', down.url])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('the store did not answer'),
    });
  });

  test('an unknown option is exit 2', async () => {
    expect(await tributary([...argv, '--frobnicate'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("unknown option '--frobnicate'"),
    });
  });
});

test('no key: exit 3 and the ways to give one', async () => {
  const done = await tributary(['status'], { env: {} });
  expect(done).toMatchObject({ code: 3, stderr: expect.stringMatching(/there is no read key.*keys\.local\.json/) });
});

test('colour: on a terminal only, and never with NO_COLOR', async () => {
  await using server = await fakeServer(routes);
  const argv = ['status', '--url', server.url];
  const shown = async (isTTY: boolean, env: Record<string, string>) => {
    let text = '';
    const write = (piece: string) => {
      text += piece;
      return true;
    };
    const stdout = { isTTY, write, once: () => {}, off: () => {} };
    await tributary(argv, { stdout, env: { TRIBUTARY_KEY: 'k', ...env } });
    return text.includes('\u001b[');
  };
  expect([await shown(true, {}), await shown(false, {}), await shown(true, { NO_COLOR: '1' })]).toEqual([true, false, false]);
});
