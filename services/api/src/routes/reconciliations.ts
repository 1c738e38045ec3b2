/** Reconciliations: where real time differed from the recomputed truth, as the recompute job stored it. */
import { GENERATION_ROUTES, type ReconciliationAnswer } from '@tributary/contract/groups/generations';
import type { Reconciliation } from '@tributary/contract/groups/reconciliation';
import { TributaryError } from '@tributary/model/errors';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes =
  ({ deps }) =>
  (app, _options, done) => {
    serve(app, GENERATION_ROUTES.reconciliations, async (request) => {
      const { limit, cursor } = request.query;
      const below = cursor === undefined ? Number.POSITIVE_INFINITY : decodeCursor(['reconciliations'], cursor, ['number'])[0];
      const reconciliations: z.output<typeof ReconciliationAnswer>[] = [];
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
    });

    serve(app, GENERATION_ROUTES.reconciliation, async (request) => {
      const { generation } = request.params;
      const reconciliation = await deps.source.reconciliation(generation);
      if (!isObject(reconciliation)) throw new TributaryError('not_found', `generation ${generation} has no reconciliation`);
      return { generation, reconciliation };
    });
    done();
  };

/** As the recompute job of some version wrote it. */
function isObject(value: unknown): value is z.output<typeof Reconciliation> {
  return typeof value === 'object' && value !== null;
}
