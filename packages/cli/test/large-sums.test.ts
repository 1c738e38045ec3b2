/** Law 4 at the command line: what the API writes with all its digits is shown, added and exported with all of them. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { expect, test } from 'vitest';
import { conversions, count, money } from '../src/terminal/figures.ts';
import { META } from './api-answers.ts';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

/** 2^53 + 1 and 2^63 + 1: no double is either. */
const WIDE = '9007199254740993';
const WIDER = '9223372036854775809';

/** JSON as the API writes it; `{N}` stands for a number that JavaScript cannot write. */
const json = (value: object) => JSON.stringify(value).replace(/"\{(-?\d+)\}"/g, '$1');
const amounts = (credit: string, value: string, cost: string) => ({
  creditMicros: `{${credit}}`,
  valueMinor: `{${value}}`,
  costMinor: `{${cost}}`,
  touches: 1,
});
const REPORT = json({
  model: 'last',
  rows: [
    { channel: 'search', currency: 'EUR', ...amounts(WIDE, WIDE, '7'), effect: '{9007199254740993}' },
    { channel: 'search', currency: 'JPY', ...amounts('0', WIDER, '7') },
    { channel: 'email', currency: 'EUR', ...amounts(`1${WIDE}`, '9007199254740991', '7') },
  ],
  range: { fromDay: null, toDay: null },
  nextCursor: null,
  meta: META,
});
const report = async (...options: string[]) => {
  await using server = await fakeServer(() => ({ body: REPORT }));
  return await tributary(['attribution', 'report', ...options, '--url', server.url]);
};

test('law 4: a table shows and adds sums beyond 2^53 to the unit', async () => {
  const { stdout } = await report();
  expect(stdout).toMatch(/^search .* 90,071,992,547,409\.93 EUR \+ 9,223,372,036,854,775,809 JPY/m);
  // 9007199254740993 + 9007199254740991: a double has room for neither the first nor what it is rounded to.
  expect(stdout).toMatch(/^total .* 180,143,985,094,819\.84 EUR \+ 9,223,372,036,854,775,809 JPY/m);
  expect(stdout.split('\n').findIndex((line) => line.startsWith('email'))).toBeLessThan(
    stdout.split('\n').findIndex((line) => line.startsWith('search')),
  );
});

test('law 4: JSON, CSV, NDJSON and Parquet have all their digits', async () => {
  const answer = (await report('--json')).stdout;
  for (const digits of [`"valueMinor": ${WIDE}`, `"valueMinor": ${WIDER}`, `"creditMicros": 1${WIDE}`])
    expect(answer).toContain(digits);
  const csv = (await report('--by', 'channel,currency', '--format', 'csv')).stdout;
  expect(csv).toContain(`search,JPY,0,${WIDER},7,1,`);
  const ndjson = (await report('--by', 'channel,currency', '--format', 'ndjson')).stdout;
  expect(ndjson.split('\n')[0]).toContain(`"creditMicros":${WIDE},"valueMinor":${WIDE}`);

  const out = join(temporaryFolder('large-sums'), 'r.parquet');
  expect(await report('--by', 'channel,currency', '--out', out)).toMatchObject({ code: 0 });
  const session = await openDuckDb({ memoryLimit: '500MB', threads: 1, tempDir: tmpdir() });
  try {
    const sql = 'SELECT creditMicros::VARCHAR AS c, valueMinor::VARCHAR AS v, typeof(creditMicros) AS t FROM read_parquet($1)';
    expect(await session.rows(sql, [out])).toEqual([
      { c: WIDE, v: WIDE, t: 'BIGINT' },
      { c: '0', v: WIDER, t: 'BIGINT' },
      { c: `1${WIDE}`, v: '9007199254740991', t: 'BIGINT' },
    ]);
  } finally {
    await session.close();
  }
});

test('law 4: models side by side, paths and reconciliations too', async () => {
  const by = { channel: 'search', currency: 'EUR' };
  const models = { first: amounts('0', WIDE, '0'), last: amounts('0', '1', '0') };
  const comparison = json({ models: ['first', 'last'], rows: [{ ...by, models }], nextCursor: null, meta: META });
  await using compared = await fakeServer(() => ({ body: comparison }));
  const options = ['--models', 'first,last', '--baseline', 'last', '--value', 'revenue', '--url', compared.url];
  expect((await tributary(['attribution', 'compare', ...options])).stdout).toContain(
    '90,071,992,547,409.93 EUR (+90,071,992,547,409.92)',
  );

  const some = { conversions: 1, valueMinor: `{${WIDE}}` };
  const none = { conversions: 0, valueMinor: 0 };
  const totals = { conversions: 3, valueMinor: `{${3n * BigInt(WIDE)}}` };
  const found = { paths: [{ ...some, steps: ['search'], share: 1 }], distinctPaths: 2, longer: none, unattributed: some, totals };
  const body = json({ ...found, touches: [], lagDays: [], assists: [], meta: META });
  await using paths = await fakeServer(() => ({ body }));
  const shown = (await tributary(['attribution', 'paths', '--currency', 'EUR', '--url', paths.url])).stdout;
  expect(shown).toMatch(/^\(1 more\) .* 90,071,992,547,409\.93 EUR$/m);
  expect(shown).toMatch(/^total .* 270,215,977,642,229\.79 EUR$/m);

  const credit = { before: `{${WIDE}}`, after: `{-${WIDE}}`, difference: `{-${2n * BigInt(WIDE)}}` };
  const view = { rowsBefore: 1, rowsAfter: 1, rowsDiffering: 0, totals: { valueMinor: credit }, rows: [] };
  const because = { lateEvents: 0, duplicates: 0, overflowedUsers: 0, definitionsChanged: false, speedBehind: [] };
  const reconciliation = { generation: 3, comparedWith: 2, at: 0, equal: false, because, views: { credit: view } };
  await using reconciled = await fakeServer(() => ({ body: json({ reconciliation }) }));
  expect((await tributary(['reconcile', 'show', '3', '--url', reconciled.url])).stdout).toMatch(
    / 90,071,992,547,409\.93 +-90,071,992,547,409\.93 +-180,143,985,094,819\.86 +1 +1$/m,
  );
});

test('figures of any size keep their sign, their grouping and their digits', () => {
  const wide = BigInt(WIDE);
  expect([count(wide), money(-wide, 'BHD'), money(wide, '')]).toEqual([
    '9,007,199,254,740,993',
    '-9,007,199,254,740.993 BHD',
    '90,071,992,547,409.93',
  ]);
  expect([wide * 1_000_000n, wide, -wide, 10n ** 22n + 5_000n].map(conversions)).toEqual([
    '9,007,199,254,740,993',
    '9,007,199,254.74',
    '-9,007,199,254.74',
    '10,000,000,000,000,000.01',
  ]);
});
