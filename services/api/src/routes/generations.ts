/** Generations and their reconciliations: what was computed, what readers get, and going back and forth between them. */
import type { GenerationManifest, Publication } from '@tributary/archive/layout';
import { demandComputed } from '@tributary/archive/publications';
import { GENERATION_ROUTES, type Generation } from '@tributary/contract/generations';
import { parseDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { fromStore } from '@tributary/serving/from-store';
import { assertAnswered, oldestKept } from '@tributary/serving/merge';
import type { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
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
    return {
      generations: page.map((manifest) => summaryOf(manifest, publication)),
      publication: publication === null ? null : shown(publication),
      nextCursor: last !== undefined && all.length > limit ? encodeCursor(['generations'], [last.generation]) : null,
    };
  });

  serve(app, GENERATION_ROUTES.generation, async (request) => {
    const manifest = await manifestOf(context, request.params.generation);
    return {
      ...summaryOf(manifest, await deps.source.publication()),
      cutPositions: [...manifest.cut],
      definitions: JSON.parse(manifest.definitions) as unknown,
      views: Object.fromEntries(
        Object.entries(manifest.views).map(([name, { rows, bytes, sha256 }]) => [name, { rows, bytes, sha256 }]),
      ),
    };
  });

  serve(app, GENERATION_ROUTES.requestGeneration, async (request) => {
    const { mode, definitions } = request.body;
    const parsed = definitions === undefined ? null : parseDefinitions(JSON.stringify(definitions), sha256Hex);
    const { jobId } = await deps.requestRun({
      mode,
      by: actorOf(request),
      ...(parsed !== null && { definitions: parsed.json }),
    });
    return { jobId, mode };
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
      // Asked twice, because the first answer was lost: done once. A pointer ahead of the files would not follow them.
      if (newest?.generation === generation && newest.held === held && (pointer?.sequence ?? 0) <= newest.sequence)
        return { publication: shown(newest) };
      if (action === 'rollback' && (newest === null || generation >= newest.generation))
        throw new TributaryError(
          'conflict',
          `a rollback goes to an older generation than the current ${newest?.generation ?? 0}, not to ${generation}`,
        );
      demandComputed(manifest);
      // What cannot be read must not become current, nor what the store would refuse to complete.
      await demandDeltas(context, generation);
      await deps.source.viewRows(manifest);
      const draft = { generation, action, held, at: deps.now(), by: actorOf(request) };
      const publication = await deps.source.publish(newest?.sequence ?? 0, draft, pointer?.sequence ?? 0);
      // The file is the truth; a pointer that cannot be moved now is moved by the next look at the file.
      await deps.store.setPointer({ sequence: publication.sequence, generation }).catch((cause: unknown) => {
        deps.onWarning('the pointer could not be moved; readers follow the publication file', cause);
      });
      await generations.refresh();
      return { publication: shown(publication) };
    });
  }
  done();
};

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

async function manifestOf({ deps }: ApiContext, generation: number): Promise<GenerationManifest> {
  const manifest = await deps.source.manifest(generation);
  if (manifest === null) throw new TributaryError('not_found', `generation ${generation} does not exist`);
  return manifest;
}

/** Without what only the batch layer needs: which generations are kept, and the text of the file of definitions. */
function shown({ sequence, generation, action, held, at, by }: Publication) {
  return { sequence, generation, action, held, at, by };
}

function summaryOf(manifest: GenerationManifest, publication: Publication | null): z.infer<typeof Generation> {
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
    ...(failure !== undefined && { failure }),
  };
}
