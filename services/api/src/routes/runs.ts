/** Runs of the batch layer, as its queue remembers them. */
import { RUN_ROUTES, type Run } from '@tributary/contract/groups/runs';
import { TributaryError } from '@tributary/model/errors';
import type { RunProgress, RunRecord } from '@tributary/queue/run-records';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

const QUESTION = ['runs'];

type Progress = NonNullable<z.infer<typeof Run>['progress']>;

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
        runs: page.map((run) => shown(run, deps.now())),
        nextCursor: last !== undefined && all.length > limit ? encodeCursor(QUESTION, [last.queuedAt, last.id]) : null,
      };
    });

    serve(app, RUN_ROUTES.run, async ({ params: { id } }) => {
      return shown(known(id, await deps.runs.find(id)), deps.now());
    });

    serve(app, RUN_ROUTES.retryRun, async (request) => {
      const { id } = request.params;
      const by = actorOf(request);
      const retried = await deps.runs.retry(id, by);
      const { state } = known(id, retried?.run ?? null);
      const asked = retried?.asked ?? null;
      if (asked === null)
        throw new TributaryError(
          'conflict',
          `run ${id} must have failed or been cancelled to be asked for again (got one that is ${state}). Ask for another one (POST /v1/generations)`,
        );
      deps.onAction('a run was asked for again', { run: id, again: asked.jobId, by });
      return asked;
    });

    serve(app, RUN_ROUTES.cancelRun, async (request) => {
      const { id } = request.params;
      const said = { by: actorOf(request), why: request.body.why ?? null, at: deps.now() };
      const run = known(id, await deps.runs.cancel(id, said));
      if (run.state !== 'cancelled') throw new TributaryError('conflict', tooLate(run));
      deps.onAction('a run was cancelled', { run: id, ...said });
      return shown(run, deps.now());
    });
    done();
  };

/** Newest first; of one instant by id, the largest first. */
function isAfter({ queuedAt, id }: RunRecord, [ms, before]: readonly [number, string]): boolean {
  return queuedAt < ms || (queuedAt === ms && id < before);
}

function known(id: string, run: RunRecord | null): RunRecord {
  if (run !== null) return run;
  throw new TributaryError('not_found', `run ${JSON.stringify(id)} does not exist, or ended long ago: see GET /v1/runs`);
}

function tooLate({ id, state, outcome, generation }: RunRecord): string {
  const is = state === 'running' ? `publishes generation ${generation ?? 'of its own'}` : `is ${outcome ?? state}`;
  const undo = 'GET /v1/runs says what came of it; POST /v1/generations/{g}/rollback goes back';
  return `run ${id} must be waiting or running to be cancelled (got one that ${is}). It came too late: ${undo}`;
}

function shown(
  { promotion, outcome, stagedBecause, progress, joinedBy = [], ...run }: RunRecord,
  nowMs: number,
): z.infer<typeof Run> {
  return {
    ...run,
    promote: promotion ?? 'auto',
    joinedBy: [...joinedBy],
    outcome: outcome as z.infer<typeof Run>['outcome'],
    stagedBecause: stagedBecause as z.infer<typeof Run>['stagedBecause'],
    progress: progress?.stage === undefined ? null : progressOf({ ...progress, stage: progress.stage }, nowMs),
  };
}

/** By the clock and by earlier runs, or by its shards, whichever is further. */
function progressOf({ stage, ...more }: RunProgress & { readonly stage: Progress['stage'] }, nowMs: number): Progress {
  const { rows, expectedMs, cutAt, shards } = { rows: null, expectedMs: null, cutAt: null, shards: null, ...more };
  const tookMs = cutAt === null ? 0 : Math.max(0, nowMs - cutAt);
  const parts = [
    ...(expectedMs === null ? [] : [tookMs / Math.max(1, expectedMs)]),
    ...(shards === null || shards.total === 0 ? [] : [shards.done / shards.total]),
  ];
  return {
    stage,
    rows,
    percent: parts.length === 0 ? null : Math.min(99, Math.floor(100 * Math.max(...parts))),
    remainingMs: expectedMs === null ? null : Math.max(0, expectedMs - tookMs),
    shards,
  };
}
