/** One conversion explained: every touch, its weight, and why. */
import { z } from 'zod';
import { UserId } from './parameters.ts';
import type { Routes } from './route.ts';
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

export const ExplanationAnswer = z.object({
  conversion: Conversion,
  userId: z.string(),
  attributed: z.boolean().describe('false: no touch is eligible, all credit goes to (unattributed).'),
  unattributedMicros: z.int(),
  touches: z.array(ExplainedTouch),
  omittedTouches: z.int().describe('Older touches that are not eligible and not listed.'),
  weightSums: z.record(z.string(), z.int()),
  models: z.array(z.string()),
  meta: z.object({
    generation: z.int(),
    sources: z.array(z.enum(['speed', 'batch'])),
    complete: z.boolean(),
    warnings: z.array(z.string()),
    definitions: z.string(),
    lookbackMs: z.int(),
  }),
});

const ConversionId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x20-\x7e]+$/, 'have printable ASCII characters only');

export const CONVERSION_ROUTES = {
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
          warnings: [],
          definitions: '9f3c52c1a0be',
          lookbackMs: 2_592_000_000,
        },
      },
    },
  },
} as const satisfies Routes;
