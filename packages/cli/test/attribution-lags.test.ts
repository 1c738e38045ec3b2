/** `tributary attribution lags` against a server that answers as the API does. */
import { expect, test } from 'vitest';
import { META } from './api-answers.ts';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const row = (channel: string, lagDays: string, conversions: number) => ({ channel, lagDays, conversions });
const SEVERAL = 'amounts are in several currencies, which have no sum (EUR, USD): ask by=currency, or for one currency';
const ANSWER = {
  by: ['channel', 'lagDays'],
  range: { fromDay: '2026-11-01', toDay: null },
  rows: [
    ...[row('email', '0', 1), row('email', '10', 4), row('email', '2', 1), row('email', '3', 2)],
    ...[row('search', '0', 1_200), row('search', '1', 5), row('search', '31', 1)],
  ],
  totals: { conversions: 1_214 },
  rest: null,
  nextCursor: null,
  meta: { ...META, warnings: [SEVERAL] },
};

test('one row a channel, the most conversions first, by spans of days that add up, with the lower median', async () => {
  await using server = await fakeServer(() => ({ body: ANSWER }));
  const done = await tributary(['attribution', 'lags', '--from', '2026-11-01', '--filter', 'type=buy', '--url', server.url]);
  expect(done.stderr).toBe('');
  expect(done.stdout.split('\n').slice(0, 5)).toEqual([
    'conversions by days from the first touch of the channel · 2026-11-01 to …',
    'channel  conversions  median    0 d  1 d  2–3 d  4–7 d  8–14 d  15–30 d  31+ d',
    '──────────────────────────────────────────────────────────────────────────────',
    'search         1,206     0 d  1,200    5      0      0       0        0      1',
    'email              8     3 d      1    0      3      0       4        0      0',
  ]);
  expect(server.received[0]?.path).toBe('/v1/views/channelLags');
  expect(server.received[0]?.query).toEqual({ by: 'channel,lagDays', from: '2026-11-01', type: 'buy' });
});

test('rows for other tools have a currency', async () => {
  await using server = await fakeServer(() => ({
    body: { ...ANSWER, rows: [{ ...row('email', '2', 1), currency: 'EUR', valueMinor: 500 }], meta: META },
  }));
  const done = await tributary(['attribution', 'lags', '--format', 'csv', '--url', server.url]);
  expect(done.stdout).toBe('channel,lagDays,conversions,currency,valueMinor\nemail,2,1,EUR,500\n');
  expect(server.received[0]?.query['by']).toBe('channel,lagDays,currency');
});
