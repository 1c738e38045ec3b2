/** Attribution reports, and the models behind them. */
import { META_EXAMPLE } from '../shapes/meta.ts';
import type { Routes } from '../shapes/route.ts';
import { AttributionAnswer, CompareAnswer, ModelsAnswer } from './attribution-answer.ts';
import { CompareQuery, ReportQuery } from './attribution-query.ts';

const WINDOW = { range: { fromDay: '2026-11-01', toDay: '2026-12-01' }, lookbackDays: 30, definitions: '9f3c52c1a0be' };
const CREDIT = { creditMicros: 1_500_000, conversions: 1.5, valueMinor: 7_498 };
const COSTS = { touches: 12, costMinor: 540 };
const RATIOS = { roas: 13.885, cpaMinor: 360 };
const ROW = { channel: 'paid-search', ...COSTS };

export const ATTRIBUTION_ROUTES = {
  attribution: {
    method: 'GET',
    path: '/v1/attribution',
    tag: 'reports',
    summary: 'Credit, value and money by channel, campaign, time, type or currency, under one model',
    scope: 'read',
    query: ReportQuery,
    answer: AttributionAnswer,
    alsoAs: ['text/csv', 'application/x-ndjson'],
    example: {
      asked: { model: 'linear', by: 'channel', from: '2026-11-01', to: '2026-12-01' },
      answer: {
        model: 'linear',
        parameters: {},
        by: ['channel'],
        ...WINDOW,
        previousRange: null,
        rows: [{ ...ROW, ...CREDIT, share: 1, ...RATIOS }],
        totals: { ...CREDIT, ...COSTS, ...RATIOS },
        rest: null,
        sampling: null,
        uncertainty: null,
        stoodStill: null,
        previousSampling: null,
        nextCursor: null,
        meta: META_EXAMPLE,
      },
    },
  },
  compareModels: {
    method: 'GET',
    path: '/v1/attribution/compare',
    tag: 'reports',
    summary: 'Several models side by side, computed from the same rows',
    scope: 'read',
    query: CompareQuery,
    answer: CompareAnswer,
    example: {
      asked: { models: 'last,linear', baseline: 'last' },
      answer: {
        models: ['last', 'linear'],
        baseline: 'last',
        parameters: {},
        by: ['channel'],
        ...WINDOW,
        rows: [
          {
            ...ROW,
            models: {
              linear: { ...CREDIT, share: 1, ...RATIOS, rank: 1, difference: { creditMicros: 0, valueMinor: 0, share: 0 } },
            },
          },
        ],
        totals: { ...COSTS, models: { linear: { ...CREDIT, ...RATIOS } } },
        rest: null,
        uncertainty: null,
        nextCursor: null,
        meta: META_EXAMPLE,
      },
    },
  },
  models: {
    method: 'GET',
    path: '/v1/models',
    tag: 'reports',
    summary: 'The models there are, what each says and what it takes',
    scope: 'read',
    answer: ModelsAnswer,
    example: {
      asked: {},
      answer: {
        models: [
          {
            name: 'linear',
            family: 'ruleBased',
            rule: 'every touch of the path alike',
            effect: null,
            parameters: ['transform'],
            required: [],
            missing: null,
          },
        ],
      },
    },
  },
} as const satisfies Routes;
