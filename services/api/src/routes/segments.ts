/** Who is in a segment: a page of one partition after the other, and the counts of all. */
import { SEGMENT_ROUTES } from '@tributary/contract/groups/segments';
import type { Definitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { gapsBetween } from '@tributary/serving/freshness/in-flight';
import { fromStore } from '@tributary/serving/from-store';
import { completenessOf, exampleOf, type Gap, gapsOf } from '@tributary/serving/gaps';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { watchedSegments } from '@tributary/signals/members/watched';
import type { MembersPage } from '@tributary/store/serving-store';
import { cutOfRecords } from '@tributary/views/record';
import type { ApiContext, Routes } from '../context.ts';
import { unknownName } from '../http/find-values.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, SEGMENT_ROUTES.listMembers, async ({ params: { name }, query: { limit, cursor } }) => {
    const version = versionOf(context, name);
    const question = ['members', name, version];
    const from = cursor === undefined ? null : decodeCursor(question, cursor, ['number', 'string']);
    const found = version === null ? null : await findMembers(context, version, from, limit);
    const { lagMs, watermark, missing, notes } = context.board.health();
    const status = version === null ? ('NOT_IN_FORCE' as const) : found === null ? ('BACKFILLING' as const) : ('READY' as const);
    const gaps = [
      ...missing,
      ...gapsOf('definitions_changed', version === null ? [`the segment is not in force in every partition`] : []),
      ...gapsOf(
        'record_cut',
        status === 'BACKFILLING' ? ['not every user was looked at yet as far back as the segment looks'] : [],
      ),
      ...gapsOf(
        'behind',
        found?.isOverdue === true ? ['log time has passed the instants of more users than were looked at'] : [],
      ),
      ...(found?.inFlight ?? []),
      ...gapsOf('record_cut', found !== null && found.unsure > 0 ? [unsureText(found.unsure)] : []),
    ];
    return {
      segment: name,
      version,
      status,
      asOf: found?.asOfMs ?? null,
      count: found?.count ?? null,
      members: found?.members.map(({ userKey }) => userKey) ?? [],
      nextCursor: found?.next == null ? null : encodeCursor(question, [found.next.partition, found.next.userKey]),
      meta: { view: 'speed' as const, speed: { lagMs, watermark }, ...completenessOf(gaps, exampleOf(notes)) },
    };
  });
  done();
};

function unsureText(users: number): string {
  return `the records of ${users} users lost events that segments look at: some of them may be members, or not be`;
}

/** null: partitions follow different ones, or some do not know it. Throws `invalid_query` where none has such a segment. */
function versionOf({ deps, board }: ApiContext, name: string): string | null {
  const all = Array.from({ length: deps.partitions }, (_, partition) => segmentsOf(board.definitions(partition)));
  const versions = new Set(all.map((list) => list.find((one) => one.name === name)?.version));
  if (versions.size === 1 && versions.has(undefined))
    throw unknownName('name', name, new Set(all.flatMap((list) => list.map((one) => one.name))));
  const [only] = versions;
  return versions.size === 1 && only !== undefined ? only : null;
}

function segmentsOf(definitions: Definitions) {
  const watched = watchedSegments(definitions, sha256Hex)?.list ?? [];
  return watched.filter(({ definition }) => definition.kind === 'segment');
}

interface Member {
  readonly partition: number;
  readonly userKey: string;
}

interface FoundMembers {
  readonly members: readonly Member[];
  readonly count: number;
  readonly unsure: number;
  /** Some are to be looked at for an instant that has passed. */
  readonly isOverdue: boolean;
  /** Messages between keys that they may lack. */
  readonly inFlight: readonly Gap[];
  readonly asOfMs: number | null;
  /** Whom the next page follows; null: there are no more. */
  readonly next: Member | null;
}

/** null: members are not known yet, in some partition. */
async function findMembers(
  context: ApiContext,
  version: string,
  from: readonly [partition: number, userKey: string] | null,
  limit: number,
): Promise<FoundMembers | null> {
  const { deps, board } = context;
  const [first, after] = from ?? [0, null];
  const read = (partition: number, most: number) =>
    fromStore(deps.store.members(partition, { version, after: partition === first ? after : null, limit: most }));
  const partitions = Array.from({ length: deps.partitions }, (_, partition) => partition);
  const isJoined = board.joinedMs() !== null;
  const before = isJoined ? await fromStore(deps.store.relayed()) : [];
  // One more says whether there are more.
  const pages = await Promise.all(partitions.map((partition) => read(partition, partition === first ? limit + 1 : 0)));
  const logTimes = pages.flatMap(({ kept }) => (kept === null ? [] : [kept.logTimeMs]));
  // Events of a key count for a user of another partition, whose log time may be behind: what was lost is looked at there still.
  const oldestMs = isJoined ? Math.min(...logTimes) : Number.POSITIVE_INFINITY;
  if (!pages.every((page, partition) => isKnown(page, board.definitions(partition), oldestMs))) return null;
  const members = (pages[first]?.users ?? []).map((userKey): Member => ({ partition: first, userKey }));
  for (let partition = first + 1; partition < deps.partitions && members.length <= limit; partition++) {
    if (pages[partition]?.count === 0) continue;
    const page = await read(partition, limit + 1 - members.length);
    if (!isKnown(page, board.definitions(partition), oldestMs)) return null;
    for (const userKey of page.users) members.push({ partition, userKey });
  }
  if (!isJoined) {
    const polling = board.pollForJoined();
    if (polling !== undefined) await fromStore(polling);
    if (board.joinedMs() !== null) return findMembers(context, version, from, limit);
  }
  const inFlight = isJoined ? gapsBetween(before, await fromStore(deps.store.relayed())) : [];
  return {
    members: members.slice(0, limit),
    count: pages.reduce((sum, { count }) => sum + count, 0),
    unsure: pages.reduce((sum, { unsure }) => sum + unsure, 0),
    inFlight,
    isOverdue: pages.some(({ kept, dueMs }) => kept !== null && dueMs !== null && dueMs <= kept.logTimeMs),
    asOfMs: logTimes.length === 0 ? null : Math.min(...logTimes),
    next: members.length > limit ? (members[limit - 1] ?? null) : null,
  };
}

/** Every user of the partition was looked at, by these definitions, and records reach as far back as segments look, at log time or at `oldestMs`. */
function isKnown({ kept, watched }: MembersPage, definitions: Definitions, oldestMs: number): boolean {
  if (kept === null) return true;
  const segments = watchedSegments(definitions, sha256Hex);
  if (segments === null || watched?.key !== segments.key || !watched.isWhole) return false;
  return cutOfRecords(kept, recordReachMs(definitions)) < Math.min(kept.logTimeMs, oldestMs) - segments.retainedMs;
}
