/** What people look at on a page. */
import { z } from 'zod';
import { DayRange, Sum } from '../shapes/answer-fields.ts';
import { LayerParameter, META_EXAMPLE, Meta } from '../shapes/meta.ts';
import { dimensionValues, Range } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

export const BASES = ['cursor', 'viewport', 'clicks'] as const;

const Element = z
  .object({
    element: z.string(),
    n: Sum.describe('Engaged ms, or clicks, by `basis`.'),
    percentTenths: z.int().nullable().describe('Share of `total` in tenths of a percent, half up; null: `total` is 0.'),
    rank: z.int().nullable().describe('Equal `n` have one rank, and no rank is left out; null: n is 0.'),
    views: Sum.describe('Reports of a page that have it.'),
    seenViews: Sum.describe('Views in which half of it was visible for a second, or it was clicked.'),
    clicks: Sum,
    box: z
      .object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
      .nullable()
      .describe(
        'Where it was in the page, px: the mean of these reports. null: it is not known, or not of one `page` in one `layout`.',
      ),
  })
  .meta({ id: 'ElementOfPage' });

export const AttentionAnswer = z.object({
  basis: z.enum(BASES),
  range: DayRange,
  total: Sum.describe('All of it: engaged ms with a pointer that hovers, engaged ms, or clicks.'),
  elsewhere: Sum.describe('What no element has: total less all elements.'),
  rows: z.array(Element).describe('The largest first, at most 500.'),
  rest: z.object({ elements: z.int(), n: Sum }).describe('How many elements are left out, and what they have.'),
  meta: Meta,
});

export const WEB_ROUTES = {
  attention: {
    method: 'GET',
    path: '/v1/attention',
    tag: 'reports',
    summary: 'What elements of a page have of the attention: shares and ranks',
    scope: 'read',
    query: z.strictObject({
      ...Range,
      page: dimensionValues('Only this page, or any of several.').optional(),
      layout: dimensionValues(
        'Only viewports of this class, named by its least width (0, 576, 992, 1440), or of any of several.',
      ).optional(),
      basis: z.enum(BASES).default('cursor').describe('By pointer, by viewport, or by clicks.'),
      ...LayerParameter,
    }),
    answer: AttentionAnswer,
    example: {
      asked: { page: 'shop.example/', layout: '992' },
      answer: {
        basis: 'cursor',
        range: { fromDay: null, toDay: null },
        total: 14_000,
        elsewhere: 4_500,
        rows: [
          {
            element: 'cta',
            n: 9_500,
            percentTenths: 679,
            rank: 1,
            views: 2,
            seenViews: 1,
            clicks: 1,
            box: { x: 400, y: 700, width: 200, height: 60 },
          },
        ],
        rest: { elements: 0, n: 0 },
        meta: META_EXAMPLE,
      },
    },
  },
} as const satisfies Routes;
