/** `tributary attribution report --against`: what changed against an earlier window, against a server that answers as the API does. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { describe, expect, test } from 'vitest';
import { credit, REPORT } from './api-answers.ts';
import { fakeServer, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

describe('attribution report --against', () => {
  const row = (
    channel: string,
    currency: string,
    now: readonly [number, number, number],
    before: readonly [number, number, number],
  ) => ({
    channel,
    currency,
    ...credit(now[0], now[1]),
    touches: 10,
    costMinor: now[2],
    previousCreditMicros: before[0] * 1e6,
    previousConversions: before[0],
    previousValueMinor: before[1],
    previousCostMinor: before[2],
    creditMicrosChange: (now[0] - before[0]) * 1e6,
    conversionsChange: now[0] - before[0],
    valueMinorChange: now[1] - before[1],
    costMinorChange: now[2] - before[2],
    changeRatioRoas: 3,
    changeRatioCpaMinor: null,
  });
  const AGAINST = {
    ...REPORT,
    stoodStill: { rows: 2, previousConversions: 19, conversionsChange: 11 },
    range: { fromDay: '2026-11-08', toDay: '2026-11-15' },
    previousRange: { fromDay: '2026-11-01', toDay: '2026-11-08' },
    rows: [
      row('search', 'EUR', [50, 90_000, 4_000], [30, 60_000, 3_000]),
      row('social', 'EUR', [40, 30_000, 1_000], [60, 36_000, 3_000]),
      row('mail', 'EUR', [40, 7_000, 500], [20, 9_000, 200]),
      row('tv', 'EUR', [20, 500, 960], [9, 400, 1_000]),
      row('radio', 'EUR', [10, 500, 100], [10, 500, 100]),
      row('gone', 'EUR', [0, 0, 0], [0, 0, 700]),
      row('maps', 'EUR', [0.5, 100, 50], [0, 0, 0]),
      row('maps', 'JPY', [0, 500, 0], [0, 0, 0]),
    ],
  };

  test('a table of what changed; a ratio only where there is one to speak of', async () => {
    // By currency a channel that costs euros has a row of other touches beside it, whose cost stands still: the rows of the table count.
    const byCurrency = { ...AGAINST, stoodStill: { rows: 9, previousConversions: 19, conversionsChange: 13 } };
    await using server = await fakeServer(({ query }) => ({
      body: query['by'] === 'channel,currency' ? byCurrency : { ...AGAINST, rows: AGAINST.rows.slice(0, 1) },
    }));
    const done = await tributary([
      'attribution',
      'report',
      '--from',
      '2026-11-08',
      '--to',
      '2026-11-15',
      '--against',
      'previous',
      '--url',
      server.url,
    ]);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain('linear, by channel · 2026-11-08 to 2026-11-15 · against 2026-11-01 to 2026-11-08');
    expect(done.stdout).toContain(
      [
        'channel  cost change  conversions change          value change  change ratio ROAS  change ratio CPA',
        '───────────────────────────────────────────────────────────────────────────────────────────────────',
        'search    +10.00 EUR                 +20           +300.00 EUR              30.00          0.50 EUR',
        'social    -20.00 EUR                 -20            -60.00 EUR               3.00          1.00 EUR',
        'mail       +3.00 EUR                 +20            -20.00 EUR              -6.67          0.15 EUR',
        'tv         -0.40 EUR                 +11             +1.00 EUR                  –                 –',
        'radio              =                   =                     =                  –                 –',
        'maps       +0.50 EUR               +0.50    +1.00 EUR +500 JPY                  –                 –',
        'gone       -7.00 EUR                   =                     =                  –                 –',
      ].join('\n'),
    );
    expect(done.stdout).toMatch(/^total +-13\.90 EUR +\+31\.50 +\+222\.00 EUR \+500 JPY +– +–$/m);
    expect(done.stdout).toContain('where the cost stood still (2 rows): 11.00 conversions more (58 %)');
    expect(done.stdout).toContain('change ratios do not forecast');
    expect(server.received.map(({ query }) => query)).toEqual([
      { model: 'last', by: 'channel,currency', from: '2026-11-08', to: '2026-11-15', against: 'previous' },
      { model: 'last', by: 'channel', from: '2026-11-08', to: '2026-11-15', against: 'previous', limit: '1' },
    ]);
    for (const [value, shown, hidden] of [
      ['conversions', /change ratio CPA/, /value change|change ratio ROAS/],
      ['revenue', /change ratio ROAS/, /conversions change|change ratio CPA/],
    ] as const) {
      const only = await tributary(['attribution', 'report', '--against', 'previous', '--value', value, '--url', server.url]);
      expect(only.stdout).toMatch(shown);
      expect(only.stdout).not.toMatch(hidden);
    }
  });

  test('without costs (by conversion type) there are changes and no ratios of them', async () => {
    const rows = AGAINST.rows.map(
      ({ touches: _, costMinor: __, previousCostMinor: ___, costMinorChange: ____, ...rest }) => rest,
    );
    await using server = await fakeServer(() => ({ body: { ...AGAINST, rows } }));
    const done = await tributary(['attribution', 'report', '--type', 'purchase', '--against', 'previous', '--url', server.url]);
    expect(done.stdout).toMatch(/^channel +conversions +share +value +conversions change +value change$/m);
  });

  test('rows for other tools have the names and types of the API', async () => {
    await using server = await fakeServer(() => ({ body: AGAINST }));
    const report = (...options: string[]) =>
      tributary([
        'attribution',
        'report',
        '--by',
        'channel,currency',
        '--against',
        '2026-11-01/2026-11-08',
        ...options,
        '--url',
        server.url,
      ]);
    const ndjson = await report('--format', 'ndjson');
    expect(
      ndjson.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(AGAINST.rows);
    expect((await report('--format', 'csv')).stdout.split('\n')[0]).toContain(
      'previousCostMinor,creditMicrosChange,conversionsChange',
    );
    expect(JSON.parse((await report('--json')).stdout)).toEqual(AGAINST);
    const out = join(temporaryFolder('against'), 'r.parquet');
    expect(await report('--out', out)).toMatchObject({ code: 0, stdout: '' });
    const session = await openDuckDb({ memoryLimit: '500MB', threads: 1, tempDir: tmpdir() });
    try {
      const types = await session.rows(
        'SELECT column_name AS name, column_type AS type FROM (DESCRIBE SELECT * FROM read_parquet($1))',
        [out],
      );
      const typeOf = Object.fromEntries(types.map(({ name, type }) => [name, type]));
      expect(typeOf).toMatchObject({
        previousCreditMicros: 'BIGINT',
        valueMinorChange: 'BIGINT',
        costMinorChange: 'BIGINT',
        changeRatioRoas: 'DOUBLE',
        changeRatioCpaMinor: 'DOUBLE',
      });
    } finally {
      await session.close();
    }
    expect(server.received.map(({ query }) => query['against'])).toEqual(new Array(4).fill('2026-11-01/2026-11-08'));
  });

  test('what the API refuses is wrong usage', async () => {
    await using server = await fakeServer(() => problem(400, 'invalid_query', 'against: a day lies in one window only'));
    const done = await tributary(['attribution', 'report', '--by', 'day', '--against', 'previous', '--url', server.url]);
    expect(done).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('a day lies in one window only') });
  });
});
