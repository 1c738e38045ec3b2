/** Training sets: asked, followed, read, cancelled. A job of the batch layer computes them (jobs/question). */
import { randomBytes } from 'node:crypto';
import {
  MOST_SETS,
  MOST_SETS_REMEMBERED,
  namedDefinitions,
  SET_WORK,
  type StoredSet,
} from '@tributary/archive/asked/training-sets';
import { demandOwnKeys, type Knowledge } from '@tributary/archive/history/knowledge';
import { TRAINING_SET_ROUTES } from '@tributary/contract/groups/training-sets';
import { TributaryError } from '@tributary/model/errors';
import { gapsAtCut } from '@tributary/serving/freshness/in-flight';
import { progressOf } from '@tributary/serving/questions/archive-questions';
import { askedHere } from '@tributary/serving/questions/asking';
import type { ApiContext, Routes } from '../context.ts';
import { erasedFrom, erasedUsers } from '../erasures/erased-users.ts';
import { actorOf } from '../http/auth.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps, board } = context;
  const { trainingSets: desk, now } = deps;
  const { kept, inTurn, ask } = askedHere({
    desk,
    expiryOf: SET_WORK.expiryOf,
    now,
    most: MOST_SETS,
    mostRemembered: MOST_SETS_REMEMBERED,
    called: 'training sets',
    path: '/v1/training-sets',
  });

  serve(app, TRAINING_SET_ROUTES.trainingSets, async () => ({
    trainingSets: await Promise.all((await kept()).map((one) => shown(context, one))),
  }));

  serve(app, TRAINING_SET_ROUTES.makeTrainingSet, (request) =>
    inTurn(async () => {
      const { rows, signals = null, knowledge } = request.body;
      await demandNames(deps, signals, knowledge);
      const isErased = await erasedUsers({ deps, board });
      demandNone(
        isErased,
        rows.map(({ user }) => user),
        'leave them out',
      );
      const askedAt = now();
      const id = `set-${askedAt.toString(36)}-${randomBytes(4).toString('hex')}`;
      const asked = { id, signals, knowledge, rows: rows.map(rowOf), by: actorOf(request), askedAt };
      await ask(asked, await kept());
      deps.onAction('a training set was asked', { set: id, rows: rows.length, signals, by: asked.by });
      return { trainingSet: await shown(context, { asked, isCancelled: false, result: null }) };
    }),
  );

  serve(app, TRAINING_SET_ROUTES.trainingSet, async ({ params }) => ({
    trainingSet: await shown(context, await setOf(deps, params.id)),
  }));

  serve(app, TRAINING_SET_ROUTES.dropTrainingSet, async (request) => {
    const { id } = request.params;
    const set = await setOf(deps, id);
    await desk.cancel(id, now());
    await desk.remove(id);
    deps.onAction('a training set was given up', { set: id, by: actorOf(request) });
    return { trainingSet: await shown(context, { ...set, isCancelled: true }) };
  });

  // Not JSON, so it is not in the contract.
  const schema = { params: TRAINING_SET_ROUTES.trainingSet.params };
  app.get('/v1/training-sets/:id/file', { schema }, async (request, reply) => {
    const { id } = request.params as { readonly id: string };
    const set = await setOf(deps, id);
    const file = set.isCancelled ? null : (set.result?.file ?? null);
    if (file === null) {
      const { state, failure } = await progressOf({ questions: desk, now }, set);
      throw new TributaryError('conflict', `training set ${id} is ${state}${failure === null ? '' : `: ${failure}`}`);
    }
    const users = set.asked.rows.map(([user]) => user);
    // Since it was made: what an erasure took is in it also once that is lifted.
    demandNone(await erasedFrom({ deps, board }, users, set.asked.askedAt), users, 'ask for another set, or leave them out');
    const stream = await desk.open(file);
    return reply
      .headers({ 'content-length': file.bytes, 'content-disposition': `attachment; filename="${id}.parquet"` })
      .type('application/vnd.apache.parquet')
      .send(Object.assign(stream, { takeMs: deps.limits.exportMs + deps.limits.takeMs }));
  });
  done();
};

function rowOf({
  user,
  instant,
  label,
  position,
}: {
  user: string;
  instant: number;
  label?: string | number | boolean | null | undefined;
  position?: string | null | undefined;
}): StoredSet['asked']['rows'][number] {
  const said = label == null ? null : String(label);
  return position == null ? [user, instant, said] : [user, instant, said, position];
}

/** Rows are named by their number, not by whose they are. */
function demandNone(isErased: ((userKey: string) => boolean) | null, users: readonly string[], fix: string): void {
  const at = isErased === null ? -1 : users.findIndex(isErased);
  if (at < 0) return;
  throw new TributaryError(
    'conflict',
    `rows must be of users who are not erased, and were not since they were asked for (got one in row ${at}): ${fix}`,
  );
}

/** Those that a run would compute now. Another generation may be served by then: the job looks again. */
async function demandNames(
  { source, storedDefinitions }: ApiContext['deps'],
  names: readonly string[] | null,
  knowledge: Knowledge,
): Promise<void> {
  const publication = await source.publication();
  const base = publication === null ? null : await source.manifest(publication.generation);
  if (base === null)
    throw new TributaryError('conflict', 'a generation does not exist yet, and a training set ends at the cut of one');
  const definitions = storedDefinitions(base.definitions);
  demandOwnKeys(definitions, knowledge);
  namedDefinitions(definitions, names);
}

/** Throws `not_found`. */
async function setOf({ trainingSets, now }: ApiContext['deps'], id: string): Promise<StoredSet> {
  const set = await trainingSets.read(id);
  if (set !== undefined && SET_WORK.expiryOf(set) > now()) return set;
  throw new TributaryError('not_found', `training set ${id} does not exist: sets are kept for a day`);
}

/**
 * What rows of a set lack: where keys of one person are joined, what was in flight between them at the cut of its generation. Real time knows that of
 * the newest eight generations; of older ones that are kept the set lacks an unknown part.
 */
async function lacks(
  { deps, board }: Pick<ApiContext, 'deps' | 'board'>,
  generation: number | null | undefined,
): Promise<string[]> {
  const { source, storedDefinitions } = deps;
  if (generation == null) return [];
  const manifest = await source.manifest(generation);
  const served = manifest ?? (await source.manifest((await source.publication())?.generation ?? 0));
  if (served === null || storedDefinitions(served.definitions).joinedMs === null) return [];
  return gapsAtCut(board.states(), { generation, cut: manifest?.cut ?? [] }).map(({ text }) => text);
}

async function shown(context: Pick<ApiContext, 'deps' | 'board'>, set: StoredSet) {
  const { trainingSets, now } = context.deps;
  const { asked, result } = set;
  const { state, failure } = await progressOf({ questions: trainingSets, now }, set);
  const isDone = state === 'done' && result !== null;
  return {
    id: asked.id,
    state,
    signals: asked.signals,
    knowledge: asked.knowledge ?? 'event',
    rows: {
      asked: asked.rows.length,
      done: isDone ? asked.rows.length : state === 'running' ? await trainingSets.progress(asked.id) : 0,
    },
    byStatus: isDone ? result.byStatus : {},
    askedAt: asked.askedAt,
    by: asked.by,
    generation: isDone ? result.generation : null,
    cut: isDone ? result.cut : null,
    versions: isDone ? result.versions : {},
    warnings: isDone ? await lacks(context, result.generation) : [],
    bytes: isDone ? (result.file?.bytes ?? null) : null,
    sha256: isDone ? (result.file?.sha256 ?? null) : null,
    tookMs: result?.tookMs ?? null,
    expiresAt: SET_WORK.expiryOf(set),
    failure,
  };
}
