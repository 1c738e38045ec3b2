/** What a run of the batch layer would do, before it is asked for. */
import { REPROCESSING_ROUTES } from '@tributary/contract/reprocessing';
import { parseDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
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
      const definitions = asked === undefined ? inForce : parseDefinitions(JSON.stringify(asked), sha256Hex);
      const plan = await archiveLimit.run((signal) =>
        deps.source.plan({ mode, definitions, published, partitions: deps.partitions, signal }),
      );
      const unknown = [
        'not_archived_yet' as const,
        ...(asked === undefined ? (['definitions_file'] as const) : []),
        ...(plan.base === null ? [] : (['program'] as const)),
        ...(plan.estimate === null ? (['too_few_runs'] as const) : []),
      ];
      return { plan: { ...plan, days: [...plan.days], unknown } };
    });
    done();
  };
