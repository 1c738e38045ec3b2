/** Generations and their reconciliations: what was computed, what readers get, and going back and forth between them. */
import type { GenerationManifest, Publication, StoredFile } from '@tributary/archive/layout';
import { demandComputed } from '@tributary/archive/publications';
import { stagedOf } from '@tributary/archive/staged';
import { GENERATION_ROUTES, type Generation } from '@tributary/contract/groups/generations';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { fromStore } from '@tributary/serving/from-store';
import { assertAnswered, oldestKept } from '@tributary/serving/merge';
import { readDefinitions } from '@tributary/signals/definitions/file';
import type { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
import { demandNoneLifted } from '../erasures/lifted-since.ts';
import { takeBackIfLifted, takeBackWhatWasLeft } from '../erasures/take-back.ts';
import { actorOf } from '../http/auth.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps, generations } = context;

  serve(app, GENERATION_ROUTES.generations, async (request) => {
    const { limit, cursor } = request.query;
    const below = cursor === undefined ? Number.POSITIVE_INFINITY : decodeCursor(['generations'], cursor, ['number'])[0];
    const publication = await deps.source.publication();
    const all = (await deps.source.manifests()).filter(({ generation }) => generation < below);
    const page = all.slice(0, limit);
    const last = page.at(-1);
    const staged = stagedOf(all, publication);
    const named = await namedBy(context);
    return {
      generations: page.map((manifest) => summaryOf(manifest, { publication, staged, named })),
      publication: publication === null ? null : shown(publication),
      nextCursor: last !== undefined && all.length > limit ? encodeCursor(['generations'], [last.generation]) : null,
    };
  });

  serve(app, GENERATION_ROUTES.generation, async (request) => {
    const manifest = await manifestOf(context, request.params.generation);
    const publication = await deps.source.publication();
    const staged = stagedOf(await deps.source.manifests(), publication);
    return {
      ...summaryOf(manifest, { publication, staged, named: await namedBy(context) }),
      cutPositions: [...manifest.cut],
      definitions: JSON.parse(manifest.definitions) as unknown,
      views: Object.fromEntries(Object.entries(manifest.views).map(([name, files]) => [name, ofFiles(files)])),
    };
  });

  serve(app, GENERATION_ROUTES.requestGeneration, async (request) => {
    const { mode, definitions, promote, priority } = request.body;
    if (definitions !== undefined && promote !== 'auto')
      throw new TributaryError(
        'invalid_query',
        `definitions must be left out where promote is not auto (got promote=${JSON.stringify(promote)}): they hold from the cut on, whatever readers get. Ask the archive first what they would change (POST /v1/archive-questions with these definitions), or leave promote out`,
      );
    const parsed = definitions === undefined ? null : readDefinitions(JSON.stringify(definitions), sha256Hex);
    const { jobId, joined } = await deps.requestRun({
      mode,
      priority,
      by: actorOf(request),
      ...(parsed !== null && { definitions: parsed.json }),
      ...(promote !== 'auto' && { promotion: promote }),
    });
    return { jobId, mode, joined };
  });

  for (const [route, action, held] of [
    [GENERATION_ROUTES.publishGeneration, 'publish', false],
    [GENERATION_ROUTES.rollbackGeneration, 'rollback', true],
  ] as const) {
    serve(app, route, async (request) => {
      const { generation } = request.params;
      const manifest = await manifestOf(context, generation);
      // The pointer before the files: a number that was given and lost moves no reader.
      const pointer = await fromStore(deps.store.pointer());
      const newest = await deps.source.publication();
      const { comparedWith, why } = request.body;
      const given = newest?.generation ?? 0;
      if (comparedWith !== undefined && comparedWith !== given && given !== generation)
        throw new TributaryError(
          'conflict',
          `generation ${generation} was compared with ${comparedWith}, but readers get ${given} by now. Stage another one`,
        );
      if (newest?.generation === generation) await takeBackWhatWasLeft(context, manifest, newest, pointer?.sequence);
      // Asked twice, because the first answer was lost: done once. A pointer ahead of the files would not follow them.
      if (newest?.generation === generation && newest.held === held && (pointer?.sequence ?? 0) <= newest.sequence)
        return { publication: shown(newest) };
      if (action === 'rollback' && (newest === null || generation >= newest.generation))
        throw new TributaryError(
          'conflict',
          `a rollback goes to an older generation than the current ${newest?.generation ?? 0}, not to ${generation}`,
        );
      demandComputed(manifest);
      await demandNoneLifted(deps, manifest);
      // What cannot be read must not become current, nor what the store would refuse to complete.
      await demandDeltas(context, generation);
      await deps.source.viewRows(manifest);
      const draft = {
        generation,
        action,
        held,
        at: deps.now(),
        by: actorOf(request),
        ...(why !== undefined && { why }),
        ...(await foundOf(context, action, generation, given)),
      };
      const publication = await deps.source.publish(newest?.sequence ?? 0, draft, pointer?.sequence ?? 0);
      await takeBackIfLifted(context, manifest, publication, newest);
      // The file is the truth; a pointer that cannot be moved now is moved by the next look at the file.
      await deps.store.setPointer({ sequence: publication.sequence, generation }).catch((cause: unknown) => {
        deps.onWarning('the pointer could not be moved; readers follow the publication file', cause);
      });
      await generations.refresh();
      return { publication: shown(publication) };
    });
  }

  serve(app, GENERATION_ROUTES.discardGeneration, async (request) => {
    const { generation } = await manifestOf(context, request.params.generation);
    // The pointer before the files, as for a publication: of a discard and a promotion at once one is refused.
    const pointer = await fromStore(deps.store.pointer());
    const newest = await deps.source.publication();
    // Asked twice, because the first answer was lost: done once.
    if (newest?.discarded === generation) return { publication: shown(newest) };
    const why = request.body.why;
    const draft = { generation, at: deps.now(), by: actorOf(request), ...(why !== undefined && { why }) };
    const publication = await deps.source.discard(newest?.sequence ?? 0, draft, pointer?.sequence ?? 0);
    await generations.refresh();
    return { publication: shown(publication) };
  });

  serve(app, GENERATION_ROUTES.publications, async (request) => {
    const { limit, cursor } = request.query;
    const below = cursor === undefined ? Number.POSITIVE_INFINITY : decodeCursor(['publications'], cursor, ['number'])[0];
    const all = (await deps.source.publications()).filter(isNews).filter(({ sequence }) => sequence < below);
    const page = all.slice(-limit).reverse();
    const last = page.at(-1);
    return {
      publications: page.map(shown),
      nextCursor: last !== undefined && all.length > limit ? encodeCursor(['publications'], [last.sequence]) : null,
    };
  });
  done();
};

/** Retirement says the newest publication once more, with a shorter list of what is kept: no news to a reader. */
function isNews({ generation, action, at, by }: Publication, i: number, all: readonly Publication[]): boolean {
  const before = all[i - 1];
  return before?.generation !== generation || before.action !== action || before.at !== at || before.by !== by;
}

/** Throws `conflict` where the deltas since this generation are retired: a folder that was restored may hold generations that the store gave up. */
async function demandDeltas({ deps }: ApiContext, generation: number): Promise<void> {
  const all = Array.from({ length: deps.partitions }, (_, partition) => partition);
  const followed = await fromStore(
    deps.store.follow(
      [],
      all.map(() => null),
    ),
  );
  assertAnswered(followed, all);
  const oldest = oldestKept(followed);
  if (generation >= oldest) return;
  const servable = (await deps.source.manifests()).filter((m) => m.generation >= oldest && m.state === 'computed').at(-1);
  const instead = servable === undefined ? 'none can be: compute one' : `the oldest one that can be is ${servable.generation}`;
  throw new TributaryError(
    'conflict',
    `the deltas since generation ${generation} are retired, so it cannot be served any more; ${instead}`,
  );
}

/** What a publication says of how it was compared. Throws `conflict` for a rollback to what readers never had. */
async function foundOf(
  context: ApiContext,
  action: Publication['action'],
  generation: number,
  given: number,
): Promise<Pick<Publication, 'engineDefectRows' | 'notCompared'>> {
  const isFirst = !(await namedBy(context)).has(generation);
  if (action === 'publish') return comparedBefore(context, generation, isFirst ? given : null);
  if (isFirst) throw neverGiven(generation);
  return {};
}

/** The generations that a publication names: readers had them. */
async function namedBy({ deps }: ApiContext): Promise<ReadonlySet<number>> {
  return new Set((await deps.source.publications()).map(({ generation }) => generation));
}

/**
 * What a publication by hand says for ever of how it was compared: rows that differ for no known reason, or that nothing is known. `given`: what
 * readers get until then, where they never had this one; null: they had it. Figures against another generation, as a hold leaves them behind, say
 * nothing of what changes.
 */
async function comparedBefore(
  { deps }: ApiContext,
  generation: number,
  given: number | null,
): Promise<Pick<Publication, 'engineDefectRows' | 'notCompared'>> {
  const compared = (await deps.source.reconciliation(generation).catch(() => null)) as {
    readonly comparedWith?: number;
    readonly engineDefectRows?: number | null;
    readonly failure?: string;
  } | null;
  const isOfOthers = given !== null && compared?.comparedWith !== given;
  if (compared === null || compared.failure !== undefined || isOfOthers) return { notCompared: true };
  const defects = compared.engineDefectRows ?? 0;
  return defects > 0 ? { engineDefectRows: defects } : {};
}

/**
 * A rollback goes back to what readers had, and is not asked how it differs. A generation that was staged and never promoted, or computed while a
 * rollback held, readers never had.
 */
function neverGiven(generation: number): TributaryError {
  return new TributaryError(
    'conflict',
    `generation ${generation} must have been published before readers go back to it: it was not, as far as the publications that are kept say. Publish it instead (POST /v1/generations/${generation}/publish)`,
  );
}

async function manifestOf({ deps }: ApiContext, generation: number): Promise<GenerationManifest> {
  const manifest = await deps.source.manifest(generation);
  if (manifest === null) throw new TributaryError('not_found', `generation ${generation} does not exist`);
  return manifest;
}

/** Without what only the batch layer needs: which generations are kept, and the text of the file of definitions. */
function shown({ sequence, generation, action, held, at, by, why, engineDefectRows, notCompared, discarded }: Publication) {
  return {
    sequence,
    generation,
    action,
    held,
    at,
    by,
    ...(why !== undefined && { why }),
    ...(engineDefectRows !== undefined && { engineDefectRows }),
    ...(notCompared !== undefined && { notCompared }),
    ...(discarded !== undefined && { discarded }),
  };
}

interface Among {
  readonly publication: Publication | null;
  readonly staged: GenerationManifest | null;
  /** What publications name. */
  readonly named: ReadonlySet<number>;
}

function summaryOf(manifest: GenerationManifest, { publication, staged, named }: Among): z.infer<typeof Generation> {
  const { generation, state, mode, base, reason, createdAt, computedAt, definitionsVersion, counts, failure } = manifest;
  return {
    generation,
    state,
    mode,
    base,
    reason,
    createdAt,
    computedAt,
    definitionsVersion,
    counts,
    current: publication?.generation === generation,
    staged: staged?.generation === generation,
    published: named.has(generation),
    ...(failure !== undefined && { failure }),
  };
}

/** The files of one view as one. */
function ofFiles(files: readonly StoredFile[]) {
  const digests = files.map(({ sha256 }) => sha256);
  return {
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    sha256: digests.length === 1 ? (digests[0] as string) : sha256Hex(digests.join('')),
  };
}
