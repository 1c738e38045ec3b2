/** Reconciliations: where real time differed from the recomputed truth, as the recompute job stored it. */
import { TributaryError } from '@tributary/model/errors';
import { z } from 'zod';
import type { Routes } from '../context.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { Cursor, count, PROBLEMS } from '../http/schemas.ts';

const Reconciliation = z.looseObject({}).describe('As the recompute job wrote it.');
export const ReconciliationsAnswer = z.object({
  reconciliations: z.array(z.object({ generation: z.int(), reconciliation: Reconciliation })).describe('Newest first.'),
  nextCursor: z.string().nullable(),
});
export const ReconciliationAnswer = z.object({ generation: z.int(), reconciliation: Reconciliation });

export const reconciliationRoutes: Routes =
  ({ deps }) =>
  (app, _options, done) => {
    app.get(
      '/v1/reconciliations',
      {
        schema: {
          tags: ['generations'],
          summary: 'Real time against truth, of every generation that was compared',
          querystring: z.strictObject({ limit: count(100, 20), cursor: Cursor.optional() }),
          response: { 200: ReconciliationsAnswer, ...PROBLEMS },
        },
      },
      async (request) => {
        const { limit, cursor } = request.query;
        const below = cursor === undefined ? Number.POSITIVE_INFINITY : Number(decodeCursor(['reconciliations'], cursor)[0]);
        const reconciliations: z.infer<typeof ReconciliationAnswer>[] = [];
        for (const { generation } of await deps.source.manifests()) {
          if (generation >= below) continue;
          if (reconciliations.length > limit) break;
          const reconciliation = await deps.source.reconciliation(generation);
          if (isObject(reconciliation)) reconciliations.push({ generation, reconciliation });
        }
        const page = reconciliations.slice(0, limit);
        const last = page.at(-1);
        return {
          reconciliations: page,
          nextCursor:
            last !== undefined && reconciliations.length > limit ? encodeCursor(['reconciliations'], [last.generation]) : null,
        };
      },
    );

    app.get(
      '/v1/reconciliations/:generation',
      {
        schema: {
          tags: ['generations'],
          summary: 'What changed for readers when this generation was published, and why',
          params: z.strictObject({
            generation: z
              .string()
              .regex(/^[1-9]\d{0,8}$/, 'is a generation number from 1')
              .transform(Number),
          }),
          querystring: z.strictObject({}),
          response: { 200: ReconciliationAnswer, ...PROBLEMS },
        },
      },
      async (request) => {
        const { generation } = request.params;
        const reconciliation = await deps.source.reconciliation(generation);
        if (!isObject(reconciliation)) throw new TributaryError('not_found', `generation ${generation} has no reconciliation`);
        return { generation, reconciliation };
      },
    );
    done();
  };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
