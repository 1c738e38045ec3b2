/** Conversions one by one: which there are, and of each every touch, its weight, and why. */
import { z } from 'zod';
import { NextCursor, NOON } from '../shapes/answer-fields.ts';
import { Completeness } from '../shapes/meta.ts';
import { Cursor, count, eventNames, Range, UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';
import { CONVERSION_EXAMPLE, Conversion, TOUCH_EXAMPLE, Touch } from './users.ts';

const Credit = z.object({
  weight: z.int().describe('The share of `weightSums` of the model.'),
  creditMicros: z.int(),
  valueMinor: z.int(),
});

const ExplainedTouch = z
  .object({
    ...Touch.shape,
    eligible: z.boolean(),
    reason: z.string(),
    credits: z.record(z.string(), Credit).describe('By model; empty for a touch that is not eligible.'),
  })
  .meta({ id: 'ExplainedTouch' });

const Refund = z
  .object({
    ...Conversion.shape,
    counts: z.boolean().describe('Reports count it. false: its type is not a conversion, or it repeats one.'),
  })
  .meta({ id: 'Refund' });

export const ExplanationAnswer = z.object({
  conversion: Conversion,
  userId: z.string(),
  order: z
    .string()
    .nullable()
    .describe(
      'The order that the event names: in the field that its type is counted once by, else in properties.order_id or .orderId; null: it names none.',
    ),
  refunds: z
    .array(Refund)
    .describe('Events of the user that name the order, of a value below zero, from its instant on; empty without an order.'),
  corrections: z
    .array(z.object({ id: z.string().describe('That of the event.'), name: z.string(), author: z.string(), reason: z.string() }))
    .describe('What corrections of the definitions changed in the conversion and in the touches that are listed.'),
  attributed: z.boolean().describe('false: no touch is eligible, all credit goes to (unattributed).'),
  unattributedMicros: z.int(),
  touches: z.array(ExplainedTouch),
  omittedTouches: z.int().describe('Older touches that are not eligible and not listed.'),
  weightSums: z.record(z.string(), z.int()),
  models: z.array(z.string()),
  meta: z.object({
    generation: z.int(),
    sources: z.array(z.enum(['speed', 'batch'])),
    ...Completeness,
    definitions: z.string(),
    lookbackMs: z.int(),
  }),
});

export const ConversionsListAnswer = z.object({
  conversions: z
    .array(z.object({ ...Conversion.shape, userId: z.string() }).meta({ id: 'ListedConversion' }))
    .describe('Newest first, by (ts, id, userId).'),
  nextCursor: NextCursor,
  meta: z.object({
    generation: z.int().describe('The generation whose conversions these are; 0: none yet.'),
    cut: z.int().nullable().describe('Later ones are listed from the next generation on; null for generation 0.'),
    ...Completeness,
    definitions: z.string().nullable(),
  }),
});

const ConversionId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x20-\x7e]+$/, 'have printable ASCII characters only')
  .describe('The id of the event that is the conversion.');

export const CONVERSION_ROUTES = {
  listConversions: {
    method: 'GET',
    path: '/v1/conversion-list',
    tag: 'reports',
    summary: 'The conversions of the served generation, one by one',
    description: 'With the ids that /v1/conversions/{id} explains. Those since the cut follow with the next generation.',
    scope: 'read',
    query: z.strictObject({
      ...Range,
      type: eventNames('Only conversions of this type, or of any of several.'),
      user: UserId.optional().describe('Only those of this user.'),
      limit: count(1_000).default(100).describe('Conversions of a page.'),
      cursor: Cursor.optional(),
    }),
    answer: ConversionsListAnswer,
    example: {
      asked: { type: 'purchase', limit: '1' },
      answer: {
        conversions: [{ ...CONVERSION_EXAMPLE, userId: 'ada' }],
        nextCursor: null,
        meta: { generation: 7, cut: NOON, complete: true, reasons: [], warnings: [], definitions: '9f3c52c1a0be' },
      },
    },
  },
  explainConversion: {
    method: 'GET',
    path: '/v1/conversions/{id}',
    tag: 'reports',
    summary: 'Why the credit of one conversion went where it went',
    scope: 'read',
    params: z.strictObject({ id: ConversionId }),
    query: z.strictObject({ user: UserId.optional().describe('Whose conversion it is: ids are unique within a user only.') }),
    answer: ExplanationAnswer,
    refusals: [404],
    example: {
      asked: { id: 'order-77' },
      answer: {
        conversion: CONVERSION_EXAMPLE,
        userId: 'ada',
        order: '77',
        refunds: [],
        corrections: [],
        attributed: true,
        unattributedMicros: 0,
        touches: [
          {
            ...TOUCH_EXAMPLE,
            eligible: true,
            reason: 'within the window of 30 days',
            credits: { last: { weight: 1, creditMicros: 1_000_000, valueMinor: 4_999 } },
          },
        ],
        omittedTouches: 0,
        weightSums: { last: 1 },
        models: ['last'],
        meta: {
          generation: 7,
          sources: ['speed'],
          complete: true,
          reasons: [],
          warnings: [],
          definitions: '9f3c52c1a0be',
          lookbackMs: 2_592_000_000,
        },
      },
    },
  },
} as const satisfies Routes;
