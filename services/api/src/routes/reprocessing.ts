/** What a run of the batch layer would do, before it is asked for. */
import { demandJoinedAlike, joinedIn, joinedStill } from '@tributary/archive/plan/joined-still';
import type { Within, WithinPlan } from '@tributary/archive/plan/within';
import { REPROCESSING_ROUTES, type RunPlan } from '@tributary/contract/groups/reprocessing';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { LogReach } from '@tributary/serving/ports';
import { readDefinitions } from '@tributary/signals/definitions/file';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes =
  ({ deps, archiveLimit }) =>
  (app, _options, done) => {
    serve(app, REPROCESSING_ROUTES.planReprocessing, async (request) => {
      const { mode, definitions: asked, within } = request.body;
      const publication = await deps.source.publication();
      const published = publication === null ? null : await deps.source.manifest(publication.generation);
      const inForce = published === null ? deps.defaultDefinitions : deps.storedDefinitions(published.definitions);
      const [newest] = await deps.source.manifests();
      const joined = joinedIn(newest);
      const definitions =
        asked === undefined
          ? // The run adds `identity` where a run that brought it was cancelled, or rolled back.
            joinedStill(inForce, joined, deps.storedDefinitions)
          : readDefinitions(JSON.stringify(asked), sha256Hex);
      demandJoinedAlike(joined, definitions);
      const { archivedUpTo, notEstimated, ...plan } = await archiveLimit.run((signal) =>
        deps.source.plan({
          ...{ mode, definitions, published, partitions: deps.partitions, signal },
          ...(within !== undefined && { within: asWithin(within) }),
        }),
      );
      // The archive before the log: what is archived meanwhile is counted among what waits, and missed in neither.
      const notArchived = await waitingBehind(deps.logReach, archivedUpTo).catch((cause: unknown) => {
        deps.onWarning('the log did not say what waits behind the archive', cause);
        return null;
      });
      const unknown = [
        ...(notArchived?.partitions === 0 ? [] : (['not_archived_yet'] as const)),
        ...(asked === undefined ? (['definitions_file'] as const) : []),
        ...(plan.base === null ? [] : (['program'] as const)),
        ...(notEstimated === null ? [] : [notEstimated]),
        ...(within === undefined ? [] : (['erasures'] as const)),
        ...(within?.users === undefined ? [] : (['rows_of_users'] as const)),
      ];
      return { plan: { ...plan, notArchived, days: [...plan.days], within: shown(plan.within), unknown } };
    });
    done();
  };

function shown(within: WithinPlan | null): z.infer<typeof RunPlan>['within'] {
  return within && { ...within, views: within.views.map((one) => ({ ...one, because: [...one.because] })) };
}

type AskedWithin = NonNullable<z.output<typeof REPROCESSING_ROUTES.planReprocessing.body>['within']>;

function asWithin({ from, to, users, views }: AskedWithin): Within {
  if (from !== undefined && to !== undefined && from >= to)
    throw new TributaryError(
      'empty_range',
      `within.from must lie before within.to (got ${new Date(from).toISOString()} and ${new Date(to).toISOString()})`,
    );
  return {
    ...(from !== undefined && { fromMs: from }),
    ...(to !== undefined && { toMs: to }),
    ...(users !== undefined && { users }),
    ...(views !== undefined && { views }),
  };
}

async function waitingBehind(
  log: Pick<LogReach, 'ends' | 'ageAfter'>,
  archivedUpTo: readonly (string | null)[],
): Promise<z.infer<typeof RunPlan>['notArchived']> {
  const ends = await log.ends();
  const behind = archivedUpTo.flatMap((upTo, partition) => {
    const end = ends[partition] ?? null;
    return end !== null && (upTo === null || end > upTo) ? [[partition, upTo] as const] : [];
  });
  const ages = behind.length === 0 ? [] : [...(await log.ageAfter(new Map(behind))).values()];
  return { partitions: behind.length, oldestMs: Math.max(0, ...ages) };
}
