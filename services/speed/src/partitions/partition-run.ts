/**
 * One partition as this worker knows it. Everything here is a cache of what the store holds at `position`; after any
 * doubt (a fence, a rewind, an unknown outcome) it is thrown away and loaded again.
 */

import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { countedOnlyFrom, viewsSinceAfter } from '@tributary/store/counted-views';
import type { PartitionState, SpeedStore } from '@tributary/store/speed-store';
import { cutOfRecords, recordRetentionMs } from '@tributary/views/record';
import { type StepRules, stepRules } from '@tributary/views/step';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { View } from '@tributary/views/view';
import type { AppliedRules } from '../read/archived-pieces.ts';
import type { DecodedBatch } from '../read/decode.ts';
import { afterBarrier, afterFall, beginFollowing, type Following, followFrom } from '../segments/follow.ts';
import { createErasedUsers, type ErasedUsers } from './erased-users.ts';
import { createUserCache, type UserCache } from './user-cache.ts';

type Sha256Hex = (text: string) => string;

export interface PartitionRun {
  readonly partition: number;
  position: string | null;
  /** The commit that `position` is of, under way or taken; "" before the first. */
  commitId: string;
  /** The newest commit that the store was asked to take: whether it did may not be known yet. */
  sentCommitId: string;
  /** The newest commit that the store is known to have taken. */
  settledCommitId: string;
  logTimeMs: number;
  /** Log time at the end of what is decoded, which may be a batch ahead of what is applied. */
  decodedLogTimeMs: number;
  generation: number;
  /** No timeline of the partition is known up to here: records were not kept for as long as definitions or log time now ask, or entries are gone. */
  cutTs: number;
  /** The newest cut that a state of the partition named: the store keeps that. */
  saidCutTs: number;
  /** The archive, of which records may have been made, lacks what happened before this instant, epoch ms; `NEVER_CUT`: nothing. */
  retiredMs: number;
  definitions: Definitions;
  /** From this generation on all deltas are by them. */
  definitionsSince: number;
  rules: StepRules;
  /**
   * Readers take no generation before this one: up to its barrier events are kept, and no view counts them. 0 where outputs are asked for: the paths
   * of conversions are found while views count them.
   */
  readonly countsFrom: number;
  /** From which generation on deltas have each of the views. */
  readonly viewsSince: ReadonlyMap<string, number>;
  users: UserCache;
  following: Following;
  /** Digests of the users who were erased; undefined: no user ever was. */
  erased: ErasedUsers | undefined;
  /** By digest of some users, in order of position: what log and archive give of a user from before it changes nothing, as they may lack what came after. */
  until: Map<string, Until> | undefined;
  /** Messages between keys, by partition: the number of the last one that was sent there, and of the last one from there that was applied here. */
  readonly sent: string[];
  readonly applied: string[];
  /** Records that have outgrown their bound, and up to when they are to lose their events, epoch ms: not said yet (apply/lose-events.ts). */
  readonly tooLong: Map<string, number>;
  /** Readers know that keys are joined here: their state says so, and did for long enough (wait-joining.ts). */
  hasWaited: boolean;
  /** As the store has it since the newest commit that it is known to have taken; null: there was none. */
  stored: StoredAt | null;
  /** Up to here the archive gave what was read, not the log. */
  archivedUpTo: string;
}

export type StoredAt = PartitionState & { readonly position: string };

export interface Until {
  readonly position: string;
  /** A lift lies there, which may be lacking too: from there on the user counts. */
  readonly isLifted: boolean;
}

/** What the speed layer passes on: nothing, attributed conversions, these and who enters and leaves segments, or enriched events as well. */
export type OutputKinds = 'none' | 'conversions' | 'segments' | 'all';

export interface PartitionLimits {
  /** Bound on one user's timeline, events. */
  readonly maxTimelineEvents: number;
  /** Bound on what the cache of one partition holds, events. */
  readonly maxCachedEvents: number;
  /** Commits of the partition without an event of a user, after which the ids of their events are held as bytes. */
  readonly shelvedAfter: number;
  /** What goes into the outbox. */
  readonly outputs: OutputKinds;
}

export interface PartitionSource {
  readonly store: Pick<SpeedStore, 'loadState'>;
  readonly logIdentity: string;
  /** The definitions of a partition without a commit yet. */
  readonly initial: Definitions;
  readonly sha256Hex: (text: string) => string;
  readonly limits: PartitionLimits;
  readonly views: readonly View[];
  /** Digests of users whose records archived files lack: for a partition without a commit, which reads them. */
  readonly erasedBefore?: ((partition: number) => Promise<readonly string[]>) | undefined;
  /** The oldest generation that readers may still take; 0: that is not known. */
  readonly oldestRead?: (() => Promise<number>) | undefined;
}

/** Throws `log_recreated` when the store's state was built from another log. */
export async function loadPartition(
  partition: number,
  { store, logIdentity, initial, sha256Hex, limits, views, erasedBefore, oldestRead }: PartitionSource,
): Promise<PartitionRun> {
  const state = await store.loadState(partition);
  if (state !== null && state.logIdentity !== logIdentity)
    throw new TributaryError(
      'log_recreated',
      `partition ${partition} was built from the log ${state.logIdentity}, the log found is ${logIdentity}`,
    );
  const definitions =
    state === null || state.definitions === initial.json ? initial : storedDefinitions(state.definitions, sha256Hex);
  const generation = state?.generation ?? 0;
  // Asked after the state: what readers may still take never grows older.
  const countsFrom = limits.outputs === 'none' ? ((await oldestRead?.()) ?? 0) : 0;
  const viewsSince = viewsSinceAfter(state, views);
  const rules = rulesOf({ generation, countsFrom, definitions }, views, limits);
  return {
    partition,
    position: state?.position ?? null,
    commitId: state?.commitId ?? '',
    sentCommitId: state?.commitId ?? '',
    settledCommitId: state?.commitId ?? '',
    logTimeMs: state?.logTimeMs ?? 0,
    decodedLogTimeMs: state?.logTimeMs ?? 0,
    generation,
    cutTs: cutOfRecords(state, recordRetentionMs(rules)),
    saidCutTs: state?.cutTs ?? NEVER_CUT,
    retiredMs: NEVER_CUT,
    definitions,
    definitionsSince: state?.definitionsSince ?? generation,
    rules,
    countsFrom,
    viewsSince: generation < countsFrom ? countedOnlyFrom(countsFrom, viewsSince) : viewsSince,
    users: createUserCache(limits.maxCachedEvents, limits.shelvedAfter),
    following: followFrom(state, definitions, sha256Hex, limits.maxCachedEvents),
    erased: await erasedOf(partition, state, erasedBefore),
    until: undefined,
    sent: [...(state?.relayed?.sent ?? [])],
    applied: [...(state?.relayed?.applied ?? [])],
    tooLong: new Map(),
    // Where nothing was committed yet, readers know the definitions that all roles begin with.
    hasWaited: state === null || state.relayed !== undefined,
    stored: state?.position == null ? null : { ...state, position: state.position },
    archivedUpTo: '',
  };
}

/**
 * The rules by which events are applied. Before the barrier of `countsFrom` nothing is counted: it would go under generations whose deltas no reader
 * takes, and a worker that rebuilds its state from the archive would spend half of its time on that. Timelines are the same.
 */
function rulesOf(
  { generation, countsFrom, definitions }: Pick<PartitionRun, 'generation' | 'countsFrom' | 'definitions'>,
  views: readonly View[],
  { maxTimelineEvents, outputs }: PartitionLimits,
): StepRules {
  const rules = stepRules(views, definitions, maxTimelineEvents, outputs !== 'none');
  return generation < countsFrom ? { ...rules, groups: [] } : rules;
}

/** undefined: no user ever was. */
async function erasedOf(
  partition: number,
  state: PartitionState | null,
  before: PartitionSource['erasedBefore'] = async () => [],
): Promise<ErasedUsers | undefined> {
  const erased = state === null ? await before(partition) : state.erased;
  return erased === undefined || (state === null && erased.length === 0) ? undefined : createErasedUsers(erased);
}

/**
 * By which records take lines unread, while nothing is counted; null: something has to look at each event. `untrimmedLength`: UTF-16 units
 * of a record that is never trimmed. `share`: of what one commit may have.
 */
export function joinRulesOf(
  run: PartitionRun | undefined,
  untrimmedLength: number,
  share: number,
): AppliedRules | null | undefined {
  if (run === undefined) return undefined;
  const { generation, countsFrom, definitions, following, erased, until, position, logTimeMs } = run;
  const refusesSome = until !== undefined || (erased?.size ?? 0) > 0;
  if (generation >= countsFrom || definitions.joinedMs !== null || following.segments !== null || refusesSome) return null;
  const keptMs = recordRetentionMs(run.rules);
  return { untrimmedLength, keptMs, applied: { position, logTimeMs }, share };
}

/** Their records have changed without them. */
export function forgetUsers(run: PartitionRun, { maxCachedEvents, shelvedAfter }: PartitionLimits): void {
  run.users = createUserCache(maxCachedEvents, shelvedAfter);
}

/** Other definitions may follow others of the users, and where log time falls back they are followed from there. */
export function changesFollowed({ definitions }: PartitionRun, { barrier, fellFromMs }: DecodedBatch): boolean {
  return fellFromMs !== undefined || (barrier !== undefined && barrier.definitions !== definitions.json);
}

/** From the barrier on: deltas go under `generation`, by its definitions. Timelines are rebuilt when those changed. */
export function crossBarrier(
  run: PartitionRun,
  generation: number,
  definitions: Definitions,
  limits: PartitionLimits,
  sha256Hex: Sha256Hex,
): void {
  const counted = run.generation >= run.countsFrom;
  run.generation = generation;
  const before = run.definitions;
  const isOfSameRows = definitions.version === before.version;
  if (definitions.json !== before.json) {
    if (before.joinedMs === null) run.hasWaited = false;
    run.definitions = definitions;
    const following = beginFollowing(definitions, run.logTimeMs, sha256Hex, limits.maxCachedEvents);
    if (following.segments?.key !== run.following.segments?.key) run.following = afterBarrier(following, run.following);
  }
  const keptMs = recordRetentionMs(run.rules);
  if (!isOfSameRows || !counted) run.rules = rulesOf(run, run.rules.views, limits);
  if (recordRetentionMs(run.rules) > keptMs) run.cutTs = Math.max(run.cutTs, run.logTimeMs - keptMs);
  cutAsRetired(run);
  // Exchange rates alone are others: deltas add up as before, and timelines stay.
  if (isOfSameRows) return;
  run.definitionsSince = generation;
  forgetUsers(run, limits);
}

/**
 * `beforeMs`: the archive lacks what happened before, epoch ms; null: nothing. Records are made again of what it has, under definitions that may keep them
 * for longer than those did by which it was retired, and the barrier that says so may be gone.
 */
export function noteRetired(run: PartitionRun, beforeMs: number | null): void {
  run.retiredMs = beforeMs ?? NEVER_CUT;
  cutAsRetired(run);
}

/** What was retired cuts records as long as they reach back so far. Later it says nothing, and timelines need not be looked at as cut ones. */
function cutAsRetired(run: PartitionRun): void {
  const horizonMs = run.logTimeMs - Math.max(recordRetentionMs(run.rules), run.definitions.joinedMs ?? 0);
  if (run.retiredMs > horizonMs) run.cutTs = Math.max(run.cutTs, run.retiredMs);
  else if (run.cutTs <= run.retiredMs) run.cutTs = NEVER_CUT;
}

/** From where log time falls back with the last entry of a batch, epoch ms; undefined: it does not, or did so before the entry (`fallAhead`). */
export function fallOf({ logTimeMs }: PartitionRun, { fellFromMs, logTimeMs: toMs }: DecodedBatch): number | undefined {
  return logTimeMs > toMs ? fellFromMs : undefined;
}

/**
 * Where the entry that shows that log time fell is the barrier of other definitions: log time falls in a commit before it. What was said of instants to come
 * is taken back under the segments by which it was said.
 */
export function fallAhead(run: PartitionRun, batch: DecodedBatch, limits: PartitionLimits, sha256Hex: Sha256Hex): boolean {
  const fromMs = batch.barrier === undefined ? undefined : fallOf(run, batch);
  if (fromMs === undefined) return false;
  run.logTimeMs = batch.logTimeMs;
  fallBack(run, fromMs, limits, sha256Hex);
  return true;
}

/** Log time came back from `fromMs`: what was past its retention then is gone, and may be looked for again. */
export function fallBack(run: PartitionRun, fromMs: number, limits: PartitionLimits, sha256Hex: Sha256Hex): void {
  const following = beginFollowing(run.definitions, run.logTimeMs, sha256Hex, limits.maxCachedEvents);
  run.following = afterFall(following, fromMs, run.following);
  run.cutTs = Math.max(run.cutTs, fromMs - recordRetentionMs(run.rules));
  forgetUsers(run, limits);
}

/** Entries are gone that the log took up to `ms`: no timeline is known up to then. */
export function loseUpTo(run: PartitionRun, ms: number, limits: PartitionLimits): void {
  run.cutTs = Math.max(run.cutTs, run.logTimeMs, ms);
  forgetUsers(run, limits);
}

export function stateOf(run: PartitionRun, position: string, logIdentity: string): StoredAt {
  run.saidCutTs = Math.max(run.saidCutTs, run.cutTs);
  return {
    position,
    logIdentity,
    logTimeMs: run.logTimeMs,
    generation: run.generation,
    definitions: run.definitions.json,
    definitionsSince: run.definitionsSince,
    viewsSince: run.viewsSince,
    keptMs: recordRetentionMs(run.rules),
    ...(run.saidCutTs === NEVER_CUT ? {} : { cutTs: run.saidCutTs }),
    ...(run.erased === undefined ? {} : { erased: run.erased.digests() }),
    ...(run.definitions.joinedMs !== null && run.hasWaited && { relayed: { sent: [...run.sent], applied: [...run.applied] } }),
  };
}
