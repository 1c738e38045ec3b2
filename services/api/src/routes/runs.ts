/** Runs of the batch layer, as its queue remembers them. */
import { RUN_ROUTES, type Run } from '@tributary/contract/runs';
import { TributaryError } from '@tributary/model/errors';
import type { RunRecord } from '@tributary/queue/run-records';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

const QUESTION = ['runs'];

export const routes: Routes =
  ({ deps }) =>
  (app, _options, done) => {
    serve(app, RUN_ROUTES.runs, async (request) => {
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? null : decodeCursor(QUESTION, cursor, ['number', 'string']);
      const all = (await deps.runs.list()).filter((run) => after === null || isAfter(run, after));
      const page = all.slice(0, limit);
      const last = page.at(-1);
      return {
        runs: page.map(shown),
        nextCursor: last !== undefined && all.length > limit ? encodeCursor(QUESTION, [last.queuedAt, last.id]) : null,
      };
    });

    serve(app, RUN_ROUTES.run, async ({ params: { id } }) => {
      const run = await deps.runs.find(id);
      if (run === null)
        throw new TributaryError('not_found', `run ${JSON.stringify(id)} does not exist, or ended long ago: see GET /v1/runs`);
      return shown(run);
    });
    done();
  };

/** Newest first; of one instant by id, the largest first. */
function isAfter({ queuedAt, id }: RunRecord, [ms, before]: readonly [number, string]): boolean {
  return queuedAt < ms || (queuedAt === ms && id < before);
}

function shown({ promotion, outcome, progress: _, ...run }: RunRecord): z.infer<typeof Run> {
  return { ...run, promote: promotion ?? 'auto', outcome: outcome as z.infer<typeof Run>['outcome'] };
}
