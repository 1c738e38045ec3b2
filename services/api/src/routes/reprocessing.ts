/** What a run of the batch layer would do, before it is asked for. */
import { REPROCESSING_ROUTES, type RunPlan } from '@tributary/contract/groups/reprocessing';
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
      const { mode, definitions: asked } = request.body;
      const publication = await deps.source.publication();
      const published = publication === null ? null : await deps.source.manifest(publication.generation);
      const inForce = published === null ? deps.defaultDefinitions : deps.storedDefinitions(published.definitions);
      const definitions = asked === undefined ? inForce : readDefinitions(JSON.stringify(asked), sha256Hex);
      const { archivedUpTo, ...plan } = await archiveLimit.run((signal) =>
        deps.source.plan({ mode, definitions, published, partitions: deps.partitions, signal }),
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
        ...(plan.estimate !== null
          ? []
          : plan.rowsAgain
            ? (['too_few_runs'] as const)
            : ([plan.reread === null ? 'too_few_runs' : 'corrections_changed'] as const)),
      ];
      return { plan: { ...plan, notArchived, days: [...plan.days], unknown } };
    });
    done();
  };

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
