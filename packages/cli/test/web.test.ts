/** `tributary web …` against a server that answers as the API does. */
import { expect, test } from 'vitest';
import { META } from './api-answers.ts';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';

const range = { fromDay: '2026-11-01', toDay: null };
const figures = (views: number) => ({ views, engagedMs: views * 1_000, visibleMs: views * 2_000, botViews: 0 });
const PAGES = {
  by: ['page'],
  range,
  rows: [
    { page: 'shop.example/', ...figures(1_200) },
    { page: '(other)', ...figures(3) },
  ],
  totals: figures(1_210),
  rest: { rows: 4, ...figures(7) },
  nextCursor: null,
  meta: META,
};
const element = (name: string, n: number, percentTenths: number | null, rank: number | null) => ({
  ...{ element: name, n, percentTenths, rank, views: 4, seenViews: 2, clicks: 1 },
  box: rank === 1 ? { x: 1, y: 2, width: 30, height: 40 } : null,
});
const ATTENTION = {
  ...{ basis: 'cursor', range, total: 375, elsewhere: 300 },
  rows: [element('hero', 25, 67, 1), element('=cmd()', 0, 0, null)],
  rest: { elements: 2, n: 50 },
  meta: META,
};

test('pages: the largest first, with what is left out and a sum of all', async () => {
  await using server = await fakeServer(() => ({ body: PAGES }));
  const done = await tributary(['web', 'pages', '--layout', '992', '--top', '2', '--url', server.url]);
  expect(done.stdout.split('\n').slice(0, 8)).toEqual([
    'views of pages, and how long people were engaged there · 2026-11-01 to …',
    'page           views  engagedMs  visibleMs  botViews',
    '────────────────────────────────────────────────────',
    'shop.example/  1,200  1,200,000  2,400,000         0',
    '(other)            3      3,000      6,000         0',
    '────────────────────────────────────────────────────',
    'all            1,210  1,210,000  2,420,000         0',
    '4 smaller rows are left out; the sums have them (--top)',
  ]);
  expect(server.received[0]?.path).toBe('/v1/pages');
  expect(server.received[0]?.query).toEqual({ by: 'page', layout: '992', sort: 'views', limit: '2' });
});

test('values of sessions are money in the currency of their row, also where several have no sum', async () => {
  const row = (currency: string, conversions: number, valueMinor: number) => ({ entry: '/', currency, conversions, valueMinor });
  const answer = { ...PAGES, by: ['entry', 'currency'], rest: null };
  const linesOf = async (body: object) => {
    await using server = await fakeServer(() => ({ body }));
    return (await tributary(['web', 'session-values', '--url', server.url])).stdout.split('\n').slice(1);
  };
  const several = { ...answer, rows: [row('EUR', 2, 9_950), row('JPY', 1, 700)], totals: { conversions: 3 } };
  expect((await linesOf(several)).slice(0, 6)).toEqual(
    [
      'entry  currency  conversions      value',
      '───────────────────────────────────────',
      '/      EUR                 2  99.50 EUR',
      '/      JPY                 1    700 JPY',
      '───────────────────────────────────────',
      'all                        3           ',
    ].map((line) => line.trimEnd()),
  );
  const one = { ...answer, rows: [row('EUR', 2, 9_950), row('(none)', 1, 0)], totals: { conversions: 3, valueMinor: 9_950 } };
  expect((await linesOf(one)).slice(2, 6).map((line) => line.trimEnd())).toEqual([
    '/      EUR                 2  99.50 EUR',
    '/      (none)              1       0.00',
    '───────────────────────────────────────',
    'all                        3  99.50 EUR',
  ]);
});

test('files have all rows, in integers', async () => {
  await using server = await fakeServer(() => ({ body: { ...PAGES, rest: null } }));
  const done = await tributary(['web', 'pages', '--format', 'csv', '--url', server.url]);
  expect(done.stdout).toBe(
    'page,views,engagedMs,visibleMs,botViews\nshop.example/,1200,1200000,2400000,0\n(other),3,3000,6000,0\n',
  );
  expect(server.received[0]?.query['sort']).toBeUndefined();
});

test('attention: shares with one decimal, ranks, what others have, what none has, and the whole', async () => {
  await using server = await fakeServer(() => ({ body: ATTENTION }));
  const done = await tributary(['web', 'attention', '--page', 'shop.example/', '--url', server.url]);
  expect(done.stdout.split('\n').slice(0, 9)).toEqual([
    'attention by pointer · 2026-11-01 to …',
    'element      share  rank  ms engaged  seen in views  clicks',
    '───────────────────────────────────────────────────────────',
    'hero         6.7 %    #1          25              2       1',
    '=cmd()       0.0 %     –           0              2       1',
    '2 more                            50',
    '(elsewhere)                      300',
    '───────────────────────────────────────────────────────────',
    'all                              375',
  ]);
  expect(server.received[0]?.query).toEqual({ basis: 'cursor', page: 'shop.example/' });
  const csv = await tributary(['web', 'attention', '--format', 'csv', '--url', server.url]);
  expect(csv.stdout.split('\n')[1]).toBe('hero,25,67,1,4,2,1,1,2,30,40');
  expect(csv.stdout.split('\n')[2]).toMatch(/^'=cmd\(\),0,0,,4,2,1,,,,$/);
});

test('bands of a page are named by their place', async () => {
  const body = {
    ...PAGES,
    by: ['band'],
    rows: [
      { band: '19', ms: 5 },
      { band: '0', ms: 4 },
    ],
    totals: { ms: 9 },
    rest: null,
  };
  await using server = await fakeServer(() => ({ body }));
  const done = await tributary(['web', 'scroll', '--url', server.url]);
  expect(done.stdout.split('\n').slice(3, 5)).toEqual(['95–100 %   5', '0–5 %      4']);
});
