/** Conversions one by one: which there are, and of each every touch, its weight, and why. */

import type { ListedConversion } from '@tributary/archive/readers/archive-reader';
import { CONVERSION_ROUTES } from '@tributary/contract/groups/conversions';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { NONE } from '@tributary/model/channels/channel';
import { TributaryError } from '@tributary/model/errors';
import { MAX_INSTANT_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { EXPLAINED_MODELS, explain } from '@tributary/reports/explain';
import { unknownValues } from '@tributary/reports/unknown-values';
import { gapsAtCut } from '@tributary/serving/freshness/in-flight';
import { retiredSince } from '@tributary/serving/freshness/retired-days';
import { fromStore } from '@tributary/serving/from-store';
import { completenessOf, gapsOf } from '@tributary/serving/gaps';
import type { LoadedGeneration } from '@tributary/serving/generations/loaded';
import { projectionOf, type Selection, type Wanted } from '@tributary/serving/merge';
import { droppedConversion, shownCorrections } from '@tributary/serving/users/corrected';
import { findConversion, noConversion } from '@tributary/serving/users/find-conversion';
import { knowsOrders, ORDERS_UNKNOWN, orderOf, refundsOf } from '@tributary/serving/users/refunds';
import { timelineOf } from '@tributary/serving/users/user-timeline';
import { conversions } from '@tributary/views/conversions/fold';
import { DROPPED } from '@tributary/views/timeline';
import type { View } from '@tributary/views/view';
import type { ApiContext, Routes } from '../context.ts';
import { erasedUsers } from '../erasures/erased-users.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { rangeOf, selectionOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';
import { conversionOf, touchOf } from './users.ts';

/** The key, and its owner by now, who may have its conversions. */
async function keysOf({ board, deps, records }: ApiContext, asker: string, userKey: string): Promise<string[]> {
  if (board.joinedMs() === null) return [userKey];
  const asked = { partition: partitionOf(userKey, deps.partitions), userKey };
  return records.read(asker, [asked], (_records, [key = asked]) => [...new Set([userKey, key.userKey])]);
}

/** Generation, time, id and user of the last conversion of a page. */
const PLACE = ['number', 'number', 'string', 'string'] as const;

type Place = Pick<ListedConversion, 'ts' | 'id' | 'userKey'>;

/** Rows of erased users are passed over for a page, up to 20 times as many. */
const ROWS_A_READ = 1_000;
const MOST_READS = 20;

/** A page, and whether more follows. Its last row, which a cursor names, is of a user who is not erased. */
async function pageWithout(
  isErased: (userKey: string) => boolean,
  after: Place | null,
  limit: number,
  readRows: (after: Place | null, most: number) => Promise<readonly ListedConversion[]>,
): Promise<{ readonly page: readonly ListedConversion[]; readonly hasMore: boolean }> {
  let place = after;
  for (let reads = 0; reads < MOST_READS; reads++) {
    const size = reads === 0 ? limit : ROWS_A_READ;
    const found = await readRows(place, size + 1);
    const hasMore = found.length > size;
    const kept = found.slice(0, size).filter(({ userKey }) => !isErased(userKey));
    if (kept.length > 0 || !hasMore) return { page: kept.slice(0, limit), hasMore: hasMore || kept.length > limit };
    place = found[size - 1] as ListedConversion;
  }
  throw new TributaryError(
    'not_ready',
    `at most ${MOST_READS * ROWS_A_READ} conversions in a row may be of erased users: the next generation lacks them (tributary batch run)`,
  );
}

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, CONVERSION_ROUTES.listConversions, async ({ owner, query }) => {
    const { limit, cursor, type, user } = query;
    const userKeys = user === undefined ? undefined : await keysOf(context, owner, user);
    const types = type === undefined ? undefined : [type].flat();
    const { from, to } = rangeOf(query);
    const { loaded, failure } = context.generations.take(await fromStore(context.deps.store.pointer()));
    const { manifest, generation } = loaded;
    const asked = ['conversion-list', from, to, type ?? null, user ?? null];
    const after = cursor === undefined ? null : placeOf(decodeCursor(asked, cursor, PLACE), generation);
    const range = { fromMs: from ?? 0, toMs: to ?? MAX_INSTANT_MS + 1, types, userKeys };
    const isErased = (await erasedUsers(context)) ?? (() => false);
    const readRows = (place: Place | null, most: number) =>
      manifest === null
        ? Promise.resolve([])
        : context.archiveLimit.run((signal) =>
            context.deps.archive.conversions(manifest, { ...range, after: place, limit: most }, signal),
          );
    const { page, hasMore } = await pageWithout(isErased, after, limit, readRows);
    const last = page.at(-1);
    const isJoined = manifest !== null && context.deps.storedDefinitions(manifest.definitions).joinedMs !== null;
    const holes = [
      ...(isJoined ? gapsAtCut(context.board.states(), manifest) : []),
      ...gapsOf('older_generation', failure === null ? [] : [failure]),
      ...gapsOf('no_generation', manifest === null ? ['no generation lists conversions yet'] : []),
      ...gapsOf('events_retired', retiredSince(manifest, from)),
    ];
    const unknown = unknownTypes(loaded, query);
    return {
      conversions: page.map(({ userKey: userId, currency, ...conversion }) => ({
        ...conversion,
        currency: currency ?? NONE,
        userId,
      })),
      nextCursor: last !== undefined && hasMore ? encodeCursor(asked, [generation, last.ts, last.id, last.userKey]) : null,
      meta: {
        generation,
        cut: manifest?.createdAt ?? null,
        ...completenessOf(holes, unknown),
        definitions: manifest?.definitionsVersion ?? null,
      },
    };
  });

  serve(app, CONVERSION_ROUTES.explainConversion, async (request) => {
    const { id } = request.params;
    const served = context.generations.take(await fromStore(context.deps.store.pointer()));
    const asked = { asker: request.owner, userKey: request.query.user, isErased: await erasedUsers(context) };
    const found = await findConversion(context, served, id, asked);
    const timeline = timelineOf(found.events, found.definitions);
    const explanation = explain(timeline, id, found.definitions);
    if (timeline.find((one) => one.id === id)?.place === DROPPED) throw droppedConversion(found.events, id, found.definitions);
    if (explanation === null) throw noConversion(timeline, id, found.definitions);
    const event = found.events.find((one) => one.id === id);
    const order = event === undefined ? null : orderOf(event, found.definitions);
    const refunds = order === null ? [] : refundsOf(order, explanation.conversion, found.events, timeline, found.definitions);
    const attributed = explanation.touches.some((touch) => touch.eligible);
    const holes = [
      ...found.holes,
      ...gapsOf('record_cut', event === undefined || knowsOrders(event, found.events, found.definitions) ? [] : [ORDERS_UNKNOWN]),
      ...gapsOf('older_generation', served.failure === null ? [] : [served.failure]),
    ];
    return {
      conversion: conversionOf(explanation.conversion),
      userId: found.userKey,
      order,
      refunds: refunds.map(({ event: refund, counts }) => ({ ...conversionOf(refund), counts })),
      corrections: shownCorrections(
        found.events,
        [explanation.conversion.id, ...explanation.touches.map(({ touch }) => touch.id)],
        found.definitions,
      ),
      attributed,
      unattributedMicros: attributed ? 0 : CREDIT_UNIT_MICROS,
      touches: explanation.touches.map(({ touch, eligible, reason, credits }) => ({
        ...touchOf(touch),
        eligible,
        reason,
        credits,
      })),
      omittedTouches: explanation.omitted,
      weightSums: explanation.weightSums as Record<string, number>,
      models: [...EXPLAINED_MODELS],
      meta: {
        generation: served.loaded.generation,
        sources: [...found.sources],
        ...completenessOf(holes, [...found.notes, ...(explanation.note === null ? [] : [explanation.note])]),
        definitions: found.definitions.version,
        lookbackMs: found.definitions.lookbackMs,
      },
    };
  });
  done();
};

/** Pages of two generations together might leave out what came in between, or hold what went. */
function placeOf([listed, ts, id, userKey]: readonly [number, number, string, string], generation: number) {
  if (listed === generation) return { ts, id, userKey };
  throw new TributaryError(
    'invalid_query',
    `cursor must be of the list of generation ${generation}, which readers get now (got one of generation ${listed}): ask again without a cursor`,
  );
}

/** By the generation alone, as the list is. */
function unknownTypes(
  { answer }: LoadedGeneration,
  query: { readonly from?: number | undefined; readonly to?: number | undefined; readonly type?: Wanted | undefined },
): string[] {
  const { days, equal } = selectionOf(query, ['type']);
  const project = (view: View, selection: Selection) => answer(projectionOf(view, selection));
  return unknownValues({ project }, [days], equal, () => ({ views: [conversions] }));
}
