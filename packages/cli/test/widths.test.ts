/** On a screen of 80 columns no table is wider; titles and the line under a report are sentences, which a terminal wraps. */
import { expect, test } from 'vitest';
import { eventLine, headLine } from '../src/report/event-line.ts';
import {
  COMPARISON,
  CONVERSIONS,
  credit,
  EXPLANATION,
  META,
  PATHS,
  RECONCILIATIONS,
  REPORT,
  routes,
  SIGNALS,
  STATUS,
} from './api-answers.ts';
import { fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { fileOf } from './path-runs.ts';
import { temporaryFolder } from './temporary.ts';

const SCREEN = 80;
const CHANNELS = ['paid-search', 'organic-social', 'newsletter-weekly', 'affiliates', 'direct', '(unattributed)'];
const MODELS = ['first', 'last', 'linear', 'positionBased', 'markov', 'orderedShapley'];
const ID = '5b0c2e8a-71d4-4f3e-9a86-0c6c1f7f2b9d';
const NOON = Date.UTC(2026, 10, 21, 12, 0, 0, 123);

const figures = (i: number) => ({
  ...credit(12_345.67 / (i + 1), 123_456_789 * (i + 1)),
  touches: 987_654,
  costMinor: 7_654_321,
});
const previous = { previousCreditMicros: 9_000_000_000, previousValueMinor: 98_765_432, previousCostMinor: 6_543_210 };
const rowsOf = (make: (channel: string, i: number) => object) =>
  ['EUR', 'USD'].flatMap((currency) => CHANNELS.map((channel, i) => ({ channel, currency, ...make(channel, i) }))); // prettier-ignore

const generation = (number: number) => ({
  generation: number,
  state: 'published',
  mode: 'incremental',
  base: number - 1,
  reason: 'demand by key ta_42d002fb160d',
  createdAt: NOON,
  computedAt: NOON + 83_000,
  definitionsVersion: '9f3c52c1a0be',
  counts: { events: 123_456_789, newEvents: 1_234_567, duplicates: 12_345 },
  current: number === 12,
});
const [REALISTIC] = RECONCILIATIONS.reconciliations;

const ANSWERS: Readonly<Record<string, object>> = {
  '/v1/attribution': {
    ...REPORT,
    rows: rowsOf((_, i) => ({
      ...figures(i),
      ...previous,
      effect: 0.123,
      conversionsOnPaths: 1_234.5,
      roasOnPaths: 12.34,
      shareLow: 0.1,
      shareHigh: 0.2,
      rank: 1,
      rankTo: 1,
      aboveNext: 0.95,
    })), // prettier-ignore
  },
  '/v1/attribution/compare': {
    ...COMPARISON,
    models: MODELS,
    rows: rowsOf((_, i) => ({
      models: Object.fromEntries(MODELS.map((model) => [model, { ...figures(i), rank: 1, difference: credit(-123.45, -6_789) }])),
    })), // prettier-ignore
  },
  '/v1/paths': {
    ...PATHS,
    paths: CHANNELS.map((_, i) => ({
      steps: CHANNELS.slice(0, i + 1),
      conversions: 12_345,
      valueMinor: 123_456_789,
      share: 0.2,
    })),
  },
  '/v1/conversions/c1': {
    ...EXPLANATION,
    conversion: { ...EXPLANATION.conversion, id: ID },
    models: MODELS,
    touches: EXPLANATION.touches.map((touch) => ({
      ...touch,
      ts: touch.ts + 123,
      credits: Object.fromEntries(MODELS.map((model) => [model, { weight: 1, creditMicros: 333_333, valueMinor: 1_663 }])),
    })),
  },
  '/v1/conversion-list': {
    ...CONVERSIONS,
    conversions: CONVERSIONS.conversions.map((one) => ({
      ...one,
      ts: NOON,
      id: ID,
      userId: 'user-1234567890',
      valueMinor: 1_234_567,
    })),
  },
  '/v1/users/ana/signals': {
    ...SIGNALS,
    signals: CHANNELS.map((channel) => ({
      ts: NOON,
      type: 'Order Completed',
      id: ID,
      userId: 'user-1234567890',
      channel,
      value: 1_234_567,
      currency: 'EUR',
    })), // prettier-ignore
  },
  '/v1/status': {
    ...STATUS,
    partitions: STATUS.partitions.map((partition) => ({
      ...partition,
      position: '1795176000000-123',
      logEnd: '1795176000000-456',
      logTime: NOON,
    })), // prettier-ignore
    definitionsInForce: { ...STATUS.definitionsInForce, fileDiffers: [] },
  },
  '/v1/generations': { generations: [12, 11, 10].map(generation), publication: null, nextCursor: null },
  '/v1/reconciliations': {
    reconciliations: [
      {
        generation: 3,
        reconciliation: {
          ...REALISTIC?.reconciliation,
          views: {
            ...REALISTIC?.reconciliation.views,
            credit: {
              rowsBefore: 12_345,
              rowsAfter: 12_346,
              rowsDiffering: 3,
              totals: { valueMinor: { before: 123_456_789_012, after: 123_456_789_999, difference: 987 } },
              rows: CHANNELS.map((channel) => ({
                key: {
                  day: '2026-11-20',
                  model: 'positionBased',
                  type: 'Order Completed',
                  channel,
                  campaign: 'autumn-sale-2026',
                  currency: 'EUR',
                }, // prettier-ignore
                measures: { valueMinor: { before: 123_456_789, after: 123_457_776, difference: 987 } },
              })),
            },
          },
        },
      },
    ],
    nextCursor: null,
  },
};

/** Lines of tables have columns, which two spaces part; sentences have none. */
function tooWide(text: string): string[] {
  const lines = text.split('\n').filter((line) => /─| {2}/.test(line));
  expect(lines.length, text).toBeGreaterThan(3);
  return lines.filter((line) => line.length > SCREEN);
}

const RUN = fileOf(
  `path,conversions,value,nulls\n${CHANNELS.slice(0, -1)
    .map((channel, i) => `paid-search > ${channel} > direct,${12_345 * (i + 1)},${123_456.78 * (i + 1)},${987_654}`)
    .join('\n')}\n`,
);

test.each([
  ['attribution', 'report'],
  ['attribution', 'report', '--model', 'markov', '--intervals'],
  ['attribution', 'report', '--against', 'previous'],
  ['attribution', 'compare', '--models', MODELS.join()],
  ['attribution', 'compare', '--models', MODELS.join(), '--baseline', 'first'],
  ['attribution', 'paths'],
  ['attribution', 'explain', 'c1'],
  [
    'attribution',
    'run',
    '--paths',
    RUN,
    '--models',
    'all',
    '--bootstrap',
    '200',
    '--costs',
    'direct=1000',
    '--currency',
    'EUR',
    '--positions',
  ], // prettier-ignore
  ['conversions', 'list'],
  ['signals', 'get', 'ana'],
  ['status', '--partitions'],
  ['batch', 'status'],
  ['reconcile', 'show'],
])('%s %s: no table is wider than the screen that COLUMNS names', async (...argv) => {
  await using server = await fakeServer((request) => {
    const body = ANSWERS[request.path];
    return body === undefined ? routes(request) : { body: { meta: META, ...body } };
  });
  const env = { TRIBUTARY_KEY: 'k', COLUMNS: String(SCREEN) };
  const { stdout, stderr } = await tributary([...argv, '--url', server.url], { env });
  expect(stderr).not.toContain('error');
  expect(tooWide(stdout)).toEqual([]);
});

test('keys list and imports: no table is wider than the screen', async () => {
  const folder = temporaryFolder('widths');
  const env = { TRIBUTARY_KEY: 'k', COLUMNS: String(SCREEN) };
  const rules = ['--name', 'shop pages of the autumn sale', '--origin', 'https://shop.example', 'https://www.shop.example'];
  const created = [
    'keys',
    'create',
    'browser',
    ...rules,
    '--rate',
    '200',
    '--expires',
    '365d',
    '--new-file',
    '--data-dir',
    folder,
  ];
  expect((await tributary(created, { env })).code).toBe(0);
  expect(tooWide((await tributary(['keys', 'list', '--data-dir', folder], { env })).stdout)).toEqual([]);

  const table = fileOf(
    `who,when,what,where,price\n${CHANNELS.map((channel, i) => `user-${i},2026-11-2${i}T12:00:00Z,Order Completed,${channel},${123_456.78 * (i + 1)}`).join('\n')}\n`,
  );
  const map = 'user=who,time=when,type=what,channel=where,value=price';
  const csv = await tributary(['import', 'csv', table, '--map', map, '--currency', 'EUR', '--dry-run'], { env });
  expect([csv.code, tooWide(csv.stdout)]).toEqual([0, []]);
  const line =
    '203.0.113.7 - - [21/Nov/2026:08:00:00 +0000] "GET /shoes HTTP/1.1" 200 512 "https://search.example/" "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"';
  const log = await tributary(['import', 'access-log', fileOf(`${line}\n`, 'access.log'), '--dry-run'], { env });
  expect([log.code, tooWide(log.stdout)]).toEqual([0, []]);
});

test('explain: a reason that is too long goes on in its own part, and the other parts have a line a touch', async () => {
  await using server = await fakeServer(() => ({ body: { meta: META, ...ANSWERS['/v1/conversions/c1'] } }));
  const argv = ['attribution', 'explain', 'c1', '--url', server.url];
  const shown = async (columns: number) =>
    (await tributary(argv, { env: { TRIBUTARY_KEY: 'k', COLUMNS: String(columns) } })).stdout;
  const parts = (await shown(50)).split('\n\n');
  expect(parts.length).toBeGreaterThan(2);
  // The head line of the conversion, the titles, two rules, the touches, the total.
  expect(parts[0]?.split('\n').length).toBe(1 + 1 + 2 + EXPLANATION.touches.length + 1);
  // Behind it are the amounts by touch, and the line of the generation.
  expect(parts.find((part) => /^ *# +why$/m.test(part))).toMatch(/^1 +80 days before the conversion, .*\n {5}.*30-day window$/m);
});

test('doctor: what it found and what to do go on under themselves', async () => {
  const argv = [
    'doctor',
    '--quick',
    '--redis-url',
    'redis://127.0.0.1:1',
    '--url',
    'http://127.0.0.1:1',
    '--collector-url',
    'http://127.0.0.1:1',
  ];
  const lines = async (env: Record<string, string>) => (await tributary(argv, { env })).stdout.split('\n');
  const narrow = await lines({ COLUMNS: String(SCREEN) });
  // A path or an address is not broken.
  expect(narrow.filter((line) => line.length > SCREEN && line.slice(26).trim().includes(' '))).toEqual([]);
  expect(narrow.length).toBeGreaterThan((await lines({})).length);
  expect(narrow.filter((line) => / {26}\S/.test(line)).length).toBeGreaterThan(5);
});

test('events tail: a narrow screen has the id on a second line, whole; an unknown one is not cut', () => {
  const event = JSON.stringify({
    ts: NOON,
    type: 'Order Completed',
    userId: 'user-1234567890',
    channel: 'newsletter-weekly',
    value: 123_456,
    currency: 'EUR',
    id: ID,
  }); // prettier-ignore
  const narrow = [headLine(SCREEN), eventLine(event, SCREEN)].join('\n').split('\n');
  expect(narrow).toEqual([
    'time                      type          user         channel    value',
    '                          id',
    '2026-11-21 12:00:00.123Z  Order Compl…  user-12345…  newslett…  1,234.56 EUR',
    `                          ${ID}`,
  ]);
  expect(narrow.filter((line) => line.length > SCREEN)).toEqual([]);
  expect(eventLine(event, null)).toMatch(new RegExp(`^2026.* {2}${ID}$`));
});

test.each([
  [{ COLUMNS: '60' }, 100, 60],
  [{ COLUMNS: '' }, 100, 100],
  [{ COLUMNS: 'wide' }, 100, 100],
  [{ COLUMNS: '0' }, undefined, 120],
  [{}, undefined, 120],
])('%j on a terminal of %s columns: tables of %s', async (env, columns, width) => {
  const lines: string[] = [];
  const stdout = { isTTY: true, columns, write: (text: string) => lines.push(text) > 0, once: () => {}, off: () => {} };
  await using server = await fakeServer(() => ({ body: { meta: META, ...ANSWERS['/v1/generations'] } }));
  await tributary(['batch', 'status', '--url', server.url], { stdout, env: { TRIBUTARY_KEY: 'k', NO_COLOR: '1', ...env } });
  const rules = lines
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('─')); // prettier-ignore
  expect(rules.every((rule) => rule.length <= width)).toBe(true);
  // As many columns as there is room for: the next one would not fit.
  expect(Math.max(...rules.map((rule) => rule.length))).toBeGreaterThan(width - 31);
});
