/** One conversion explained: every touch, its weight, and why. */
import { TributaryError } from '@tributary/model/errors';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import { EXPLAINED_MODELS, explain } from '@tributary/reports/explain';
import { fromStore } from '@tributary/serving/from-store';
import { z } from 'zod';
import { findConversion } from '../archive/find-conversion.ts';
import type { Routes } from '../context.ts';
import { PROBLEMS, UserId } from '../http/schemas.ts';
import { timelineOf } from '../users/user-timeline.ts';
import { Conversion, conversionOf, Touch, touchOf } from './users.ts';

const Credit = z.object({
  weight: z.int().describe('The share of `weightSums` of the model.'),
  creditMicros: z.int(),
  valueMinor: z.int(),
});

export const ExplanationAnswer = z.object({
  conversion: Conversion,
  userId: z.string(),
  attributed: z.boolean().describe('false: no touch is eligible, all credit goes to (unattributed).'),
  unattributedMicros: z.int(),
  touches: z.array(
    z.object({
      ...Touch.shape,
      eligible: z.boolean(),
      reason: z.string(),
      credits: z.record(z.string(), Credit).describe('By model; empty for a touch that is not eligible.'),
    }),
  ),
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
  .regex(/^[\x20-\x7e]+$/, 'has printable ASCII characters only');

export const conversionRoutes: Routes = (context) => (app, _options, done) => {
  app.get(
    '/v1/conversions/:id',
    {
      schema: {
        tags: ['reports'],
        summary: 'Why the credit of one conversion went where it went',
        params: z.strictObject({ id: ConversionId }),
        querystring: z.strictObject({ user: UserId.optional() }),
        response: { 200: ExplanationAnswer, ...PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const served = context.generations.take(await fromStore(context.deps.store.pointer()));
      const found = await findConversion(context, served, id, { asker: request.owner, userKey: request.query.user });
      const explanation = explain(timelineOf(found.events, found.definitions), id, found.definitions);
      if (explanation === null)
        throw new TributaryError(
          'not_found',
          `the event ${JSON.stringify(id)} is no conversion under the definitions ${found.definitions.version}`,
        );
      const attributed = explanation.touches.some((touch) => touch.eligible);
      const holes = served.failure === null ? found.holes : [...found.holes, served.failure];
      return {
        conversion: conversionOf(explanation.conversion),
        userId: found.userKey,
        attributed,
        unattributedMicros: attributed ? 0 : CREDIT_UNIT_MICROS,
        touches: explanation.touches.map(({ touch, eligible, reason, credits }) => ({
          ...touchOf(touch),
          eligible,
          reason,
          credits,
        })),
        omittedTouches: explanation.omitted,
        weightSums: explanation.weightSums as Record<string, number>,
        models: [...EXPLAINED_MODELS],
        meta: {
          generation: served.loaded.generation,
          sources: [...found.sources],
          complete: holes.length === 0,
          warnings: [...holes, ...found.notes, ...(explanation.note === null ? [] : [explanation.note])],
          definitions: found.definitions.version,
          lookbackMs: found.definitions.lookbackMs,
        },
      };
    },
  );
  done();
};
