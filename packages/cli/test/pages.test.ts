/** Reports of several pages, and what is said of them. */
import { expect, test } from 'vitest';
import { COMPARISON, META, REPORT } from './api-answers.ts';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const BEHIND = { complete: false, reasons: ['behind'], warnings: ['partition 3: behind'] };

test.each(['table', 'csv'])('law 7: what a later page lacks is said of all rows (%s)', async (format) => {
  const [row] = REPORT.rows;
  await using server = await fakeServer(({ query }) => ({
    body:
      query['cursor'] === undefined
        ? { ...REPORT, rows: [row], nextCursor: 'c1', meta: { ...META, warnings: ['of both'] } }
        : { ...REPORT, rows: [row], nextCursor: null, meta: { ...META, ...BEHIND, warnings: ['of both', ...BEHIND.warnings] } },
  }));
  const argv = ['attribution', 'report', '--by', 'channel,currency', '--url', server.url, '--format', format];
  const { stdout, stderr, code } = await tributary(argv);
  expect(code).toBe(0);
  expect(stderr.match(/of both/g)).toHaveLength(1);
  expect(stderr).toContain('warning: partition 3: behind');
  if (format === 'table') expect(stdout).toContain('INCOMPLETE');
});

test.each(['paths', 'lags'])('%s --convert-to says where amounts are converted', async (command) => {
  const { code, stderr } = await tributary(['attribution', command, '--convert-to', 'EUR', '--url', 'http://127.0.0.93:9']);
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('--convert-to must be left out here (got "EUR"): "attribution report"'),
  ]);
});

test('law 4: converted amounts side by side have a column that names their currency', async () => {
  await using server = await fakeServer(() => ({ body: COMPARISON }));
  const argv = ['attribution', 'compare', '--convert-to', 'EUR', '--format', 'csv', '--url', server.url];
  const { stdout } = await tributary(argv);
  const [header = '', ...rows] = stdout.trimEnd().split('\n');
  const at = header.split(',').indexOf('currency');
  expect(at).toBeGreaterThan(0);
  expect(rows.length).toBeGreaterThan(0);
  expect(new Set(rows.map((row) => row.split(',')[at]))).toEqual(new Set(['EUR']));
  expect(server.received.map(({ query }) => query)).toEqual([{ by: 'channel', convertTo: 'EUR' }]);
});
