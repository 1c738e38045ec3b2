/** What the API answers, for commands that read from it (services/api/src/routes). */
import { problem, type Received, type Reply } from './fake-server.ts';

export const META = {
  view: 'merged',
  generation: 3,
  cut: Date.UTC(2026, 10, 21, 7),
  speed: { lagMs: 12, watermark: Date.UTC(2026, 10, 21, 8) },
  pending: 2,
  complete: true,
  reasons: [],
  warnings: [] as string[],
  definitions: 'abcdef123456',
}; // prettier-ignore

export const credit = (conversions: number, valueMinor: number) => ({
  creditMicros: Math.round(conversions * 1e6),
  conversions,
  valueMinor,
  share: 0.5,
});
const WINDOW = {
  range: { fromDay: null, toDay: null },
  lookbackDays: 30,
  definitions: 'abcdef123456',
};
export const REPORT = {
  ...WINDOW,
  model: 'linear',
  parameters: {},
  by: ['channel', 'currency'],
  previousRange: null,
  rows: [
    { channel: '(unattributed)', currency: 'EUR', ...credit(1, 5000), touches: 0, costMinor: 0 },
    { channel: 'email', currency: '(none)', ...credit(0, 0), touches: 40, costMinor: 0 },
    { channel: 'search', currency: 'EUR', ...credit(2.5, 123_456), touches: 10, costMinor: 700 },
    { channel: 'search', currency: 'JPY', ...credit(0.001, 500), touches: 0, costMinor: 0 },
  ],
  totals: {},
  rest: null,
  sampling: null,
  uncertainty: null,
  stoodStill: null,
  previousSampling: null,
  nextCursor: null,
  meta: META,
};
export const compared = (conversions: number, valueMinor = 0) => ({
  ...credit(conversions, valueMinor),
  rank: 1,
  difference: credit(0, 0),
});
export const COMPARISON = {
  ...WINDOW,
  models: ['first', 'last'],
  baseline: 'first',
  parameters: {},
  by: ['channel'],
  rows: [
    { channel: 'email', models: { first: compared(1, 100), last: compared(0, 0) } },
    { channel: 'search', models: { first: compared(0, 0), last: compared(1, 100) } },
  ],
  rest: null,
  uncertainty: null,
  totals: { models: {} },
  nextCursor: null,
  meta: { ...META, complete: false, reasons: ['behind'], warnings: ['partition 3: the speed layer has read nothing of the log'] },
};
export const EXPLANATION = {
  conversion: { ts: Date.UTC(2026, 10, 20, 9), id: 'c1', type: 'purchase', valueMinor: 4990, currency: 'EUR' },
  userId: 'ana',
  corrections: [],
  attributed: true,
  unattributedMicros: 0,
  touches: [
    {
      ts: Date.UTC(2026, 8, 1),
      id: 't0',
      type: 'ad_click',
      channel: 'social',
      campaign: '(none)',
      costMinor: 0,
      currency: '(none)',
      eligible: false,
      reason: '80 days before the conversion, outside the 30-day window',
      credits: {},
    },
    {
      ts: Date.UTC(2026, 10, 19),
      id: 't1',
      type: 'ad_click',
      channel: 'search',
      campaign: '(none)',
      costMinor: 0,
      currency: '(none)',
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
      campaign: '(none)',
      costMinor: 0,
      currency: '(none)',
      eligible: true,
      reason: 'within the window',
      credits: {
        first: { weight: 0, creditMicros: 0, valueMinor: 0 },
        last: { weight: 1, creditMicros: 1_000_000, valueMinor: 4990 },
      },
    },
  ],
  order: null as string | null,
  refunds: [] as object[],
  omittedTouches: 0,
  weightSums: {},
  models: ['first', 'last'],
  meta: {
    generation: 3,
    sources: ['speed', 'batch'],
    complete: true,
    reasons: [],
    warnings: [],
    definitions: 'abcdef123456',
    lookbackMs: 30 * 86_400_000,
  },
}; // prettier-ignore
export const CONVERSIONS = {
  conversions: [
    { id: 'c1', ts: Date.UTC(2026, 10, 20, 9), type: 'purchase', valueMinor: 4990, currency: 'EUR', userId: 'ana' },
    { id: 'c0', ts: Date.UTC(2026, 10, 19, 9), type: 'evil\u001b[31m', valueMinor: 0, currency: '(none)', userId: 'bo' },
  ],
  nextCursor: 'more',
  meta: {
    generation: 3,
    cut: Date.UTC(2026, 10, 21, 7),
    complete: true,
    reasons: [],
    warnings: [] as string[],
    definitions: 'abcdef123456',
  },
};
export const SIGNALS = {
  userId: 'a/b ü',
  status: 'PRESENT',
  signals: [
    { ts: Date.UTC(2026, 10, 21), type: 'purchase', id: 's1', userId: 'a/b ü', value: 4990, currency: 'EUR' },
    { ts: Date.UTC(2026, 10, 20), type: 'evil\u001b[31m', id: 's2', userId: 'a/b ü' },
  ],
  nextCursor: 'more',
  meta: { view: 'speed', speed: { lagMs: null, watermark: null }, complete: true, reasons: [], warnings: [] },
};
export const STATUS = {
  partitions: [
    { partition: 0, position: 'p', logEnd: 'p', behind: false, logTime: Date.UTC(2026, 10, 21), lagMs: 90_000, generation: 3 },
    { partition: 1, position: null, logEnd: 'q', behind: true, logTime: null, lagMs: null, generation: null },
  ],
  generation: { current: 3, served: 2, sequence: 5, failure: 'view rows are corrupt' },
  lastRun: null,
  pending: 7,
  complete: false,
  reasons: [],
  warnings: ['partition 1: behind'],
  computations: [],
  definitions: 'abcdef123456',
  definitionsInForce: {
    version: 'abcdef123456',
    source: 'run',
    reason: 'demand by key ta_admin',
    since: Date.UTC(2026, 10, 20, 9, 30),
    fileDiffers: ['attribution.channels', 'conversions'],
  },
};
const moved = (before: number, after: number) => ({ before, after, difference: after - before });
export const RECONCILIATIONS = {
  reconciliations: [
    {
      generation: 3,
      reconciliation: {
        generation: 3,
        comparedWith: 2,
        at: Date.UTC(2026, 10, 21),
        equal: false,
        engineDefectRows: 0,
        causes: {
          events: { late: 3, beyondRetention: 0, duplicate: 1 },
          unexamined: 0,
          doubted: 0,
          lateness: {
            within: [
              { ms: 60_000, events: 37 },
              { ms: 604_800_000, events: 2 },
              { ms: null, events: 1 },
            ],
            days: [{ date: '2026-11-16', late: 2 }],
            olderLate: 1,
            lateHistory: 2,
          },
          conversions: [
            {
              id: 'order-1',
              type: 'purchase',
              ts: Date.UTC(2026, 10, 20, 12),
              valueMinor: 520,
              currency: 'EUR',
              touches: [
                { id: 'c1', ts: Date.UTC(2026, 10, 20, 10), channel: 'search', campaign: 'spring' },
                { id: 'c2', ts: Date.UTC(2026, 10, 20, 11), channel: 'email', campaign: '(none)', cause: 'late' as const },
              ],
            },
          ],
        },
        because: { lateEvents: 4, duplicates: 0, overflowedUsers: 0, definitionsChanged: true, speedBehind: [1, 7] },
        views: {
          activity: {
            dimensions: ['day', 'type'],
            rowsBefore: 5,
            rowsAfter: 5,
            rowsDiffering: 0,
            totals: { events: moved(1_234, 1_234) },
            rows: [],
          },
          credit: {
            rowsBefore: 9,
            rowsAfter: 10,
            rowsDiffering: 12,
            rowsCompared: 14,
            classes: {
              late: {
                rows: 12,
                totals: { creditMicros: { difference: 0, moved: 0 } },
                amounts: { EUR: { valueMinor: { difference: 520, moved: 520 } } },
              },
              duplicate: {
                rows: 1,
                totals: { creditMicros: { difference: 0, moved: 0 } },
                amounts: { EUR: { valueMinor: { difference: -20, moved: 20 } } },
              },
            },
            totals: { creditMicros: { ...moved(1_500_000, 1_500_000), moved: 0, magnitude: 3_000_000 } },
            amounts: {
              EUR: { valueMinor: { ...moved(100, 600), moved: 540, magnitude: 720 } },
              JPY: { valueMinor: { ...moved(7, 7), moved: 0, magnitude: 14 } },
            },
            rows: [
              {
                key: { day: '2026-11-20', channel: 'email', currency: 'EUR' },
                measures: { creditMicros: moved(0, 0), valueMinor: moved(100, 600) },
                classes: { late: { valueMinor: 520 }, duplicate: { valueMinor: -20 } },
              },
            ],
          },
          coalitions: {
            rowsBefore: 0,
            rowsAfter: 1,
            rowsDiffering: 1,
            totals: { conversions: moved(0, 1) },
            rows: [{ key: { day: '2026-11-20', channels: 'email\u001fsearch' }, measures: { conversions: moved(0, 1) } }],
          },
          paths: {
            rowsBefore: 0,
            rowsAfter: 1,
            rowsDiffering: 1,
            totals: { conversions: moved(0, 1) },
            rows: [{ key: { day: '2026-11-20', path: 'search\u001femail' }, measures: { conversions: moved(0, 1) } }],
          },
        },
      },
    },
  ],
  nextCursor: null,
}; // prettier-ignore

export const PATHS = {
  definitions: 'abcdef123456',
  range: { fromDay: '2026-11-01', toDay: null },
  lookbackDays: 30,
  totals: { conversions: 20, valueMinor: 9_900 },
  paths: [
    { steps: ['search', 'email'], conversions: 9, valueMinor: 5_000, share: 0.45 },
    { steps: ['search'], conversions: 5, valueMinor: 2_000, share: 0.25 },
  ],
  distinctPaths: 4,
  rest: { rows: 2, conversions: 3, valueMinor: 2_500 },
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
  '/v1/conversion-list': CONVERSIONS,
  '/v1/users/a%2Fb%20%C3%BC/signals': SIGNALS,
  '/v1/status': STATUS,
  '/v1/reconciliations': RECONCILIATIONS,
  '/v1/reconciliations/3': RECONCILIATIONS.reconciliations[0],
  '/v1/generations': { generations: [], publication: null, nextCursor: null },
};
export const routes = ({ path }: Received): Reply =>
  path in ROUTES ? { body: ROUTES[path] } : problem(404, 'not_found', `${path} does not exist`);
