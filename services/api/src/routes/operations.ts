/** How far each partition is. */
import { OPERATION_ROUTES, type StatusAnswer } from '@tributary/contract/groups/operations';
import { fromStore } from '@tributary/serving/from-store';
import { definitionsInForce } from '@tributary/serving/generations/definitions-in-force';
import { takeSnapshot } from '@tributary/serving/snapshot';
import type { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, OPERATION_ROUTES.status, () => statusOf(context));
  done();
};

async function statusOf(context: ApiContext): Promise<z.output<typeof StatusAnswer>> {
  const { deps, generations } = context;
  const snapshot = await takeSnapshot(context, [], 'merged');
  // The end first: asked afterwards, what was appended in between would make every busy partition look behind.
  const ends = await deps.logReach.ends().catch((cause: unknown) => {
    deps.onWarning('the log did not say where it ends', cause);
    return null;
  });
  const states = await fromStore(deps.store.states());
  const current = await currentManifest(context);
  const meta = snapshot.meta();
  const { wanted, served, failure } = generations.current();
  return {
    partitions: states.map((state, partition) => {
      const end = ends?.[partition] ?? null;
      return {
        partition,
        position: state?.position ?? null,
        logEnd: end,
        behind: ends === null ? null : end !== null && (state?.position ?? '') < end,
        logTime: state?.logTimeMs ?? null,
        lagMs: state === null ? null : Math.max(0, deps.now() - state.logTimeMs),
        generation: state?.generation ?? null,
      };
    }),
    generation: { current: wanted?.generation ?? null, served, sequence: wanted?.sequence ?? null, failure },
    lastRun: await lastRunOf(context),
    pending: meta.pending,
    complete: meta.complete,
    reasons: meta.reasons,
    warnings: meta.warnings,
    computations: await computationsOf(context),
    definitions: meta.definitions,
    definitionsInForce: current === null ? null : definitionsInForce(current.manifest, current.publication.fileSeen),
  };
}

async function computationsOf({ deps, computations }: ApiContext): Promise<z.output<typeof StatusAnswer>['computations']> {
  try {
    return (await computations.read()).map(({ seen }) => seen);
  } catch (cause) {
    deps.onWarning('it is not known how far computations are', cause);
    return null;
  }
}

/** The newest run that ended well; null also where the data folder does not answer. */
async function lastRunOf({ deps }: ApiContext): Promise<z.output<typeof StatusAnswer>['lastRun']> {
  try {
    const computed = (await deps.source.manifests()).find(({ computedAt }) => computedAt !== null);
    const check = await deps.source.lastCheck();
    if (check !== null && check.at > (computed?.computedAt ?? 0))
      return { at: check.at, generation: check.generation, nothingNew: true };
    return computed === undefined ? null : { at: computed.computedAt ?? 0, generation: computed.generation, nothingNew: false };
  } catch (cause) {
    deps.onWarning('the data folder did not say when the last run ended', cause);
    return null;
  }
}

/** The manifest of the published generation; null also where the data folder does not answer: the rest of the status stands without it. */
async function currentManifest({ deps }: ApiContext) {
  try {
    const publication = await deps.source.publication();
    return publication === null ? null : { publication, manifest: await deps.source.manifest(publication.generation) };
  } catch (cause) {
    deps.onWarning('the current generation did not say which definitions it has', cause);
    return null;
  }
}
