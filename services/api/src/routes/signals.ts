/** Signals of one user or of many: bytes from the record to the socket. */
import { USER_ROUTES } from '@tributary/contract/groups/users';
import { partitionOf } from '@tributary/model/user-key';
import { completenessOf, exampleOf, type Gap, gapsAmong, gapsOf } from '@tributary/serving/gaps';
import type { AnsweringKey } from '@tributary/serving/users/find-conversion';
import { cutsOfKeys } from '@tributary/serving/users/lost-cut';
import { lostUpTo } from '@tributary/serving/users/user-timeline';
import { clearPlaces, createPlaces, signalId, signalTs } from '@tributary/store/records/signals';
import type { ApiContext, Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { createBodyPool } from '../http/body-pool.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { rangeOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';
import {
  cutTo,
  lostAmong,
  placeSignals,
  queryBody,
  servedNames,
  signalsPromisedMs,
  unservedNotes,
  userBody,
} from '../http/signals-body.ts';
import { createTypeNotes } from '../known-types.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps, board, records, unread } = context;
  const metaText = createMetaText(context);
  const typeNotes = createTypeNotes(context);
  const notesOf = async (names: readonly string[], partition: number) => [
    ...unservedNotes(names, board.definitions(partition)),
    ...(await typeNotes(names)),
  ];
  const pool = createBodyPool();
  /** One answer has them at a time: its records are read and its body is made in one turn. */
  const places = createPlaces();

  serve(app, USER_ROUTES.userSignals, async (request, reply) => {
    const { id: userId } = request.params;
    const { limit, cursor } = request.query;
    const question = ['signals', userId, request.query.names ?? null, request.query.from ?? null, request.query.to ?? null];
    const [ts, id] = cursor === undefined ? [] : decodeCursor(question, cursor, ['number', 'string']);
    const partition = partitionOf(userId, deps.partitions);
    const selection = selectionOf(context, partition, request.query);
    const { names } = request.query;
    const notes = names === undefined ? [] : await notesOf(names, partition);
    const demandRoom = (bytes: number) => unread.demandRoom(bytes, request.owner);
    const body = await records.read(
      request.owner,
      [{ partition, userKey: userId }],
      ([record = null], [key], kept) => {
        const answering = key as AnsweringKey;
        // One more than asked for shows whether there is a next page.
        clearPlaces(places);
        const before = ts !== undefined && id !== undefined ? { before: { ts, id } } : {};
        const user = placeSignals(userId, record, { ...selection, limit: limit + 1, ...before }, places);
        const page = cutTo(limit, user);
        const last = { start: places.starts[page.first + page.count - 1] as number };
        const next =
          page.hasMore && record !== null ? encodeCursor(question, [signalTs(record, last), signalId(record, last)]) : null;
        const cutOfAll = cutsOfKeys(board, signalsPromisedMs, kept)(answering);
        const lost = lostAmong(user, { ...selection, limit: limit + 1 }, cutOfAll);
        const lacks = gapsOf('record_cut', lost === null ? [] : [lostUpTo(lost, 'signals')]);
        const { partitions, inFlight = [] } = answering;
        return userBody(page, places, next, metaText(new Set(partitions), [...inFlight, ...lacks], notes), demandRoom);
      },
      'nothing',
    );
    reply.type(JSON_TYPE);
    return body;
  });

  serve(app, USER_ROUTES.querySignals, async (request, reply) => {
    const { users, limit } = request.body;
    rangeOf(request.body);
    const asked = users.map((userKey) => ({ partition: partitionOf(userKey, deps.partitions), userKey }));
    const { names } = request.body;
    const notes = names === undefined ? [] : await notesOf(names, asked[0]?.partition ?? 0);
    const selections = new Map<number, ReturnType<typeof selectionOf> & { limit: number }>();
    const demandRoom = (bytes: number) => unread.demandRoom(bytes, request.owner);
    const { body, release } = await records.read(askerOf(request, reply), asked, (read, keys, kept) => {
      const holes: string[] = [];
      const own = new Set<number>();
      const cutOf = cutsOfKeys(board, signalsPromisedMs, kept);
      clearPlaces(places);
      const selected = asked.map(({ userKey }, i) => {
        const answering = keys[i] as AnsweringKey;
        const { partition, partitions } = answering;
        for (const one of partitions) own.add(one);
        let selection = selections.get(partition);
        if (selection === undefined) {
          // One more than asked for shows whether there are more.
          selection = { ...selectionOf(context, partition, request.body), limit: limit + 1 };
          selections.set(partition, selection);
        }
        const user = placeSignals(userKey, read[i] ?? null, selection, places);
        const lost = lostAmong(user, selection, cutOf(answering));
        if (lost !== null) holes.push(`${JSON.stringify(userKey)}: ${lostUpTo(lost, 'signals')}`);
        return cutTo(limit, user);
      });
      const left = holes.length > MOST_HOLES ? [`and ${holes.length - MOST_HOLES} more users`] : [];
      const lacks = [...(keys[0]?.inFlight ?? []), ...gapsOf('record_cut', [...holes.slice(0, MOST_HOLES), ...left])];
      return queryBody({ users: selected, places }, metaText(own, lacks, notes), pool, demandRoom);
    });
    // `finish`: the last byte was handed to the kernel. An answer that breaks off leaves its buffer to the collector.
    reply.raw.once('finish', release);
    reply.type(JSON_TYPE);
    return body;
  });
  done();
};

/** The type of bodies that are made as bytes. */
const JSON_TYPE = 'application/json; charset=utf-8';

/** Everything but the limit; throws `empty_range`. */
function selectionOf(
  { board }: ApiContext,
  partition: number,
  asked: { readonly names?: readonly string[] | undefined; readonly from?: number | undefined; readonly to?: number | undefined },
) {
  const { from, to } = rangeOf(asked);
  const served = servedNames(asked.names, board.definitions(partition));
  return {
    ...(served !== undefined && { names: served }),
    ...(from !== null && { fromMs: from }),
    ...(to !== null && { toMs: to }),
  };
}

/** Users of one answer that are reported to have lost signals. */
const MOST_HOLES = 20;

/** Whether a partition is among those of the users that were asked for. */
type Partitions = Pick<ReadonlySet<number>, 'has'>;

/** `meta` as text, made ten times a second: but for what an answer lacks by itself, it changes with the clock, not with the request. */
function createMetaText({ board, deps }: ApiContext) {
  let health = board.health();
  let whole = '';
  let madeAtMs = Number.NEGATIVE_INFINITY;
  const make = (gaps: readonly Gap[], notes: readonly string[]): string => {
    const { lagMs, watermark } = health;
    return JSON.stringify({ view: 'speed', speed: { lagMs, watermark }, ...completenessOf(gaps, notes) });
  };
  return (partitions: Partitions, lacks: readonly Gap[], notes: readonly string[]): string => {
    const nowMs = deps.now();
    if (nowMs - madeAtMs >= 100 || nowMs < madeAtMs) {
      health = board.health();
      whole = make([], []);
      madeAtMs = nowMs;
    }
    if (health.missing.length + health.notes.length + lacks.length + notes.length === 0) return whole;
    const known = exampleOf(gapsAmong(health.notes, partitions));
    return make([...gapsAmong(health.missing, partitions), ...lacks], [...known, ...notes]);
  };
}
