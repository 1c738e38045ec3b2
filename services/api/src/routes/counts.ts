/** What definitions count over all users: the values with the most events. */
import { COUNT_ROUTES } from '@tributary/contract/groups/counts';
import { TributaryError } from '@tributary/model/errors';
import { type Snapshot, takeSnapshot } from '@tributary/serving/snapshot';
import { explainCount } from '@tributary/signals/definitions/explain';
import type { WrittenCount } from '@tributary/signals/definitions/schema';
import { compareText } from '@tributary/signals/text-order';
import { counts } from '@tributary/views/counts/fold';
import type { Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { selectionOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';
import { topValues } from '../http/top-values.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, COUNT_ROUTES.listCounts, async () => {
    const { counts: written = {}, countVersions } = context.board.definitions(0);
    const defined = Object.entries(written as Readonly<Record<string, WrittenCount>>).map(([name, definition]) => ({
      ...{ name, version: countVersions.get(name) as string, says: explainCount(definition) },
      definition: { ...definition },
    }));
    return { counts: defined.toSorted((a, b) => compareText(a.name, b.name)) };
  });
  serve(app, COUNT_ROUTES.topCounted, async (request, reply) => {
    const { params, query } = request;
    const { days, layers, notes } = selectionOf(query, []);
    const snapshot = await takeSnapshot(context, [counts], layers);
    const version = versionOf(snapshot, params.name);
    return snapshot.ready(askerOf(request, reply), (ready) => {
      const equal = { count: params.name, version: version ?? '' };
      const top =
        version === null ? BACKFILLING : topValues(ready.project(counts, { days, equal, by: ['value', 'day'] }), query.limit);
      return {
        count: params.name,
        version,
        status: version === null ? ('BACKFILLING' as const) : ('READY' as const),
        range: days,
        ...top,
        meta: ready.meta({ holes: [], notes }),
      };
    });
  });
  done();
};

const BACKFILLING = { rows: [], rest: null, withoutValue: null, unnamed: null, total: null };

/** That of the definitions which the generation follows; null: they lack the count, and partitions follow others that have it. Throws `invalid_query` where none has. */
function versionOf({ definitions }: Pick<Snapshot, 'definitions'>, name: string): string | null {
  const [own] = definitions;
  const version = own.countVersions.get(name);
  if (version !== undefined) return version;
  if (definitions.some(({ countVersions }) => countVersions.has(name))) return null;
  const known = new Set(definitions.flatMap(({ countVersions }) => [...countVersions.keys()]));
  throw new TributaryError(
    'invalid_query',
    `name must be a count of the definitions in force: ${[...known].sort().join(', ') || 'they have none'} (got "${name}"). One that is new in the file is in force from the next run of the batch layer on`,
  );
}
