/** Journeys: the paths of conversions, and the counts of transitions and of sets that data-driven models are computed from. */

import { PATH_ROUTES, type PathsAnswer } from '@tributary/contract/groups/paths';
import { demandOrder } from '@tributary/reports/counts/journey-counts';
import { type CountsByCurrency, EDGE_VIEWS, edgesOf, SET_VIEWS, setsOf } from '@tributary/reports/journeys/sets-and-edges';
import { type ChannelSet, type Edge, edgeRows, setRows } from '@tributary/reports/paths/chain-report';
import { PATH_VIEWS, pathReport } from '@tributary/reports/paths/path-report';
import { unknownValues } from '@tributary/reports/unknown-values';
import type { Days, Selection } from '@tributary/serving/merge';
import { type Snapshot, takeSnapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { transitions } from '@tributary/views/transitions/fold';
import type { View } from '@tributary/views/view';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { pageOf } from '../http/pages.ts';
import { selectionOf, windowOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';

const FILTERS = ['type', 'currency'];

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, PATH_ROUTES.paths, async (request, reply) => {
    const { query } = request;
    const { days, equal, layers, notes } = selectionOf(query, FILTERS);
    const snapshot = await takeSnapshot(context, PATH_VIEWS, layers);
    return snapshot.ready(askerOf(request, reply), (ready) => {
      const { holes, notes: more, ...report } = pathReport(ready, { days, equal, sort: query.sort, limit: query.limit });
      return {
        ...windowOf(snapshot.definitions[0], days),
        ...(report as z.input<typeof PathsAnswer>),
        meta: snapshot.meta({ holes, notes: [...more, ...notes, ...unknownIn(ready, conversions, days, equal)] }),
      };
    });
  });

  serve(app, PATH_ROUTES.transitions, async (request, reply) => {
    const { query } = request;
    const { days, equal, layers, notes } = selectionOf(query, FILTERS);
    const snapshot = await takeSnapshot(context, EDGE_VIEWS, layers);
    demandOrder(snapshot, query.order);
    const { counts, unknown } = await snapshot.ready(askerOf(request, reply), (ready) => ({
      counts: edgesOf(ready, { days, equal }, query.order),
      unknown: unknownIn(ready, transitions, days, equal),
    }));
    const question = ['transitions', days, equal, query.order, layers];
    const rows = edgeRows(counts.rows);
    const { keys, nextCursor } = pageOf(rows.keys(), question, query.limit, query.cursor);
    return {
      order: query.order,
      ...windowOf(snapshot.definitions[0], days),
      transitions: keys.map((key) => {
        const { from, to, ...edge } = rows.get(key) as Edge;
        return { from: [...from], to: [...to], ...edge };
      }),
      nextCursor,
      meta: snapshot.meta(findingsOf(counts, layers, [...notes, ...unknown])),
    };
  });

  serve(app, PATH_ROUTES.coalitions, async (request, reply) => {
    const { query } = request;
    const { days, equal, layers, notes } = selectionOf(query, FILTERS);
    const snapshot = await takeSnapshot(context, SET_VIEWS, layers);
    const { counts, unknown } = await snapshot.ready(askerOf(request, reply), (ready) => ({
      counts: setsOf(ready, { days, equal }),
      unknown: unknownIn(ready, coalitions, days, equal),
    }));
    const question = ['coalitions', days, equal, layers];
    const rows = setRows(counts.rows);
    const { keys, nextCursor } = pageOf(rows.keys(), question, query.limit, query.cursor);
    return {
      ...windowOf(snapshot.definitions[0], days),
      coalitions: keys.map((key) => {
        const { channels, ...set } = rows.get(key) as ChannelSet;
        return { channels: [...channels], ...set };
      }),
      nextCursor,
      meta: snapshot.meta(findingsOf(counts, layers, [...notes, ...unknown])),
    };
  });
  done();
};

function unknownIn(snapshot: Snapshot, view: View, days: Days, equal: Selection['equal']): string[] {
  return unknownValues(snapshot, [days], equal, () => ({ views: [view] }));
}

function findingsOf({ negative }: CountsByCurrency<unknown>, view: string, notes: readonly string[]) {
  if (negative === 0) return { holes: [], notes };
  const finding = `${negative} counts are below 0`;
  if (view === 'speed') return { holes: [], notes: [`${finding}: the deltas correct what the batch counted`, ...notes] };
  return { holes: [`${finding}: more was taken back than was counted`], notes };
}
