/** What the collectors rejected: what never reached the log, and why. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { Completeness } from '../shapes/meta.ts';
import { count } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

const Rejection = z
  .object({
    reason: z.string().describe('The code of the refusal, such as invalid_field.'),
    message: z.string().describe('The rule that was broken, without the value.'),
    keyId: z.string().nullable().describe('The id of the key, its public half without the prefix; null where none was verified.'),
    count: z.int().describe('Events since the collectors started; a request that was refused whole counts as one.'),
    firstAt: z.int().describe('Epoch ms.'),
    lastAt: z.int().describe('Epoch ms.'),
    origin: z.string().nullable().describe('The web origin of the page that sent the last one; null outside browsers.'),
    sample: z
      .unknown()
      .describe('The form of the last event: names of fields and kinds of values. null where a request was refused whole.'),
  })
  .meta({ id: 'Rejection' });

const AskedCollector = z
  .object({
    collector: z.string().describe('Its address, as the API knows it.'),
    since: z.int().nullable().describe('Since when it remembers: its start, epoch ms. null: it did not say.'),
    problem: z.string().nullable().describe('Why it did not say; null: it did.'),
  })
  .meta({ id: 'AskedCollector' });

export const RejectionsAnswer = z.object({
  collectors: z.array(AskedCollector).describe('Those that were asked; empty where TRIBUTARY_API_COLLECTORS names none.'),
  rejections: z
    .array(Rejection)
    .describe('One for each reason, key and rule, all collectors together; the one that was seen last comes first.'),
  total: z.int().describe('How many there are; with `limit` the answer has fewer.'),
  ...Completeness,
});

export const REJECTION_ROUTES = {
  rejections: {
    method: 'GET',
    path: '/v1/rejections',
    tag: 'operations',
    summary: 'What the collectors rejected lately, and why',
    description:
      'Each collector remembers the last 500 reasons, keys and rules since it started; this asks all that TRIBUTARY_API_COLLECTORS names. Values of events are not among it.',
    scope: 'read',
    query: z.strictObject({ limit: count(1_000).default(200).describe('Rejections of the answer.') }),
    answer: RejectionsAnswer,
    example: {
      asked: { limit: '100' },
      answer: {
        collectors: [{ collector: 'http://127.0.0.1:7400', since: NOON - 3_600_000, problem: null }],
        rejections: [
          {
            reason: 'invalid_field',
            message: 'properties.revenue must be a decimal amount such as 19.99',
            keyId: '0123456789ab',
            count: 3,
            firstAt: NOON - 60_000,
            lastAt: NOON,
            origin: null,
            sample: { type: 'track', event: 'Order Completed', userId: 'string(17)', properties: { revenue: 'string(1)' } },
          },
        ],
        total: 1,
        complete: true,
        reasons: [],
        warnings: [],
      },
    },
  },
} as const satisfies Routes;
