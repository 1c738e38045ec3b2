/**
 * The speed worker: reads the log after each partition's position and commits effect and position together.
 *
 *   follow  what is assigned → one run a partition   loaded when it becomes ours, dropped when it no longer is
 *   begin   read, decode, ask for records            a batch ahead: while the one before it is applied and the one before that committed
 *   apply   step every event → one commit            pure but for the partition's own cache; what is too much for one iteration waits
 *   advance who is in which segment by then          after the commit before it is settled: users who are due are looked at too,
 *                                                    the rest of them in commits of their own where nothing else comes
 *   settle  outcomes of the previous commits         any doubt → forget the partition, load it again
 *   commit  one fenced script a partition            not awaited: the next batch is applied meanwhile
 *
 * Records may be asked for ahead of two commits because a user that they touch is cached: only others are read.
 */

import { setImmediate as soon } from 'node:timers/promises';
import { SPEED_SETTINGS } from '@tributary/configuration/roles/speed';
import type { EventLog } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import { pause as wait } from '@tributary/runtime/wait';
import { markedId } from '@tributary/store/format/commit-id';
import type { Commit, CommitOutcome, SpeedStore } from '@tributary/store/speed-store';
import { letGoRows } from '@tributary/views/parted-rows';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import { MOST_OF_TURN } from '@tributary/views/work';
import { createHomeAppender } from './apply/append-home.ts';
import type { AppliedBatch } from './apply/apply.ts';
import { applyNothing } from './apply/apply-nothing.ts';
import { type Applied, createApplier } from './apply/apply-waiting.ts';
import { type Begun, createBeginner } from './apply/begin.ts';
import { eraseRestored } from './apply/erase-restored.ts';
import { createSegmentStage } from './apply/follow-members.ts';
import { createUserRecords, type RecordLimits } from './apply/user-records.ts';
import { createJoiningWait } from './apply/wait-joining.ts';
import { sendAhead } from './messages/send-ahead.ts';
import type { ErasedLists } from './partitions/erased-lists.ts';
import { createJoinedShares, type JoinedShares } from './partitions/joined-shares.ts';
import { type Assignment, createOwnRuns } from './partitions/own-runs.ts';
import { joinRulesOf, loadPartition, noteRetired, type PartitionLimits, type PartitionRun } from './partitions/partition-run.ts';
import type { AppliedRules } from './read/archived-pieces.ts';
import { createGathering } from './read/gathering.ts';
import { createReadAhead, type ReadAheadLimits } from './read/read-ahead.ts';
import { mayGoOn } from './segments/follow.ts';

export interface WorkerLimits extends PartitionLimits, RecordLimits, ReadAheadLimits {
  /** After a partition's batch of more events than this, timers and replies get their turn: a late heartbeat costs the lease. */
  readonly longBatchEvents: number;
  /** What is applied in one iteration, before it is committed: units of work.ts. */
  readonly turnWork: number;
  /** Users that one commit looks at though nothing of them came: those who are due, and those whose segments are new. */
  readonly passedUsers: number;
  /** What one commit says to other keys, UTF-16 units; the rest of it goes ahead in commits of its own. */
  readonly messagesLength: number;
}

export const DEFAULT_LIMITS: WorkerLimits = {
  maxEntries: SPEED_SETTINGS.commitEntries.default,
  maxBytes: 4 * 1024 * 1024,
  takenBytes: 128 * 1024,
  waitMs: 250,
  maxTimelineEvents: SPEED_SETTINGS.timelineEvents.default,
  maxCachedEvents: 200_000,
  // Some seconds where events come one by one; a worker that catches up has read its log by then.
  shelvedAfter: 512,
  trimRecordLength: 256 * 1024,
  maxRecordLength: 32 * 1024 * 1024,
  readBytes: 8 * 1024 * 1024,
  loadBytes: 16 * 1024 * 1024,
  longBatchEvents: 2_000,
  turnWork: MOST_OF_TURN,
  passedUsers: 1_000,
  messagesLength: 256 * 1024,
  outputs: 'none',
};

export interface SpeedWorkerOptions {
  readonly log: EventLog;
  readonly store: SpeedStore;
  /** Definitions of partitions that were never committed to; later ones arrive with barriers. */
  readonly definitions: Definitions;
  readonly partitions: Assignment;
  readonly sha256Hex: (text: string) => string;
  /** What is kept of the key of an erased user: keyed, so that who has the digests cannot try out keys. */
  readonly digestOf: (userKey: string) => string;
  /** Who is erased though no record says so. */
  readonly erasedLists?: Omit<ErasedLists, 'guard'>;
  /** The archive may lack events that happened before this instant, epoch ms; null: it lacks none. */
  readonly retiredBefore?: () => Promise<number | null>;
  /** The oldest generation that readers may still take: of what lies before its cut, views count nothing. */
  readonly oldestRead?: () => Promise<number>;
  /** All of them, but where their cost is measured. */
  readonly views?: readonly View[];
  /** Unique for every call, across processes. */
  readonly commitId: () => string;
  readonly limits?: Partial<WorkerLimits>;
  /** Monotonic, ms: with it, events gather under load, and a partition that another worker keeps taking is left alone for a while. */
  readonly now?: () => number;
  /** Called for each commit that the store took. */
  readonly onCommitted?: (batch: AppliedBatch) => void;
  /** Called when all that one iteration applied was sent, and answered; with `now` alone. */
  readonly onWorked?: (took: Took) => void;
  /** Called when a partition is thrown away and will be loaded again. */
  readonly onReset?: (partition: number, why: CommitOutcome | Error) => void;
}

/** Since what was read was taken up, ms. */
export interface Took {
  readonly transformMs: number;
  readonly jobMs: number;
}

export interface SpeedWorker {
  /** One iteration: reads, applies, and sends commits; resolves with the number of entries taken, and of commits that need none. */
  runOnce(signal?: AbortSignal): Promise<number>;
  /** Waits for the commits under way. */
  settle(): Promise<void>;
  /** The partitions processed now, each with where its last commit was made, under way or taken, and its log time, epoch ms. */
  progress(): { readonly partition: number; readonly position: string | null; readonly logTimeMs: number }[];
  /** By which the archive may join the records of a partition, as it stands; null: not at all, undefined: the partition is not loaded. */
  joinRules(partition: number): AppliedRules | null | undefined;
}

/** Differs where workers count other views: one in a few thousand million pairs of lists would be taken for the same. */
function viewsMark(views: readonly View[], sha256Hex: (text: string) => string): string {
  const names = views.map(({ name }) => name).sort();
  return sha256Hex(names.join('\n')).slice(0, 8);
}

/** What partitions are loaded from. */
function sourceOf(
  { log, store, definitions, sha256Hex, erasedLists, oldestRead }: SpeedWorkerOptions,
  limits: WorkerLimits,
  views: readonly View[],
) {
  const { identity: logIdentity } = log;
  return { store, logIdentity, initial: definitions, sha256Hex, limits, views, erasedBefore: erasedLists?.before, oldestRead };
}

export function createSpeedWorker(options: SpeedWorkerOptions): SpeedWorker {
  const { log, store, sha256Hex, digestOf, now, erasedLists, views = VIEWS } = options;
  const mark = viewsMark(views, sha256Hex);
  const commitId = () => markedId(options.commitId(), mark);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  let underWay: Promise<void> = Promise.resolve();
  const settle = () => underWay;
  const source = sourceOf(options, limits, views);
  const reader = createReadAhead(log, limits, () => runs.forgetOvertaken());
  const runs = createOwnRuns({
    assigned: options.partitions,
    async load(partition) {
      const run = await loadPartition(partition, source);
      if (erasedLists !== undefined) await eraseRestored(run, { ...restored, erasedBehind: erasedLists.behind });
      // Asked last: what is retired later makes the lists above others, and the partition is loaded again.
      noteRetired(run, (await options.retiredBefore?.()) ?? null);
      return run;
    },
    ...(erasedLists && { mustReload: erasedLists.mustReload }),
    storedCommitId: async (partition) => (await store.loadRecords(partition, [], 1)).commitId,
    settle,
    reader,
    ...(now && { now }),
    ...(options.onReset && { onReset: options.onReset }),
  });
  const records = createUserRecords(store, limits, digestOf);
  const segments = createSegmentStage({ store, records, sha256Hex, ...limits });
  const home = createHomeAppender(log);
  const shares = createJoinedShares();
  const checkStore = createStoreCheck(() => runs.forgetOvertaken(), now);
  const { partitions, identity: logIdentity } = log;
  const applying = { logIdentity, partitions, commitId, sha256Hex, digestOf, limits };
  const restored = { ...applying, store, records, segments, onCommitted: options.onCommitted };
  const beginner = createBeginner({ reader, runs, records, partitions, sha256Hex, ...limits });
  const pause = now === undefined ? undefined : createPauses(now);
  const gathering = now === undefined ? undefined : createGathering(now);
  const applier = createApplier({ ...applying, runs, reader, beginner, records, pause, settle, isHeld: createJoiningWait(now) });
  let next: Promise<Begun> | undefined;
  /** Members of segments may be behind: nothing is waited for. */
  let goesOn = false;

  async function commitOne({ run, done: applied, number }: Applied): Promise<void> {
    try {
      const done = await home.append(run.partition, await segments.advance(run, applied));
      const commit = await sendAhead(run, await records.withTrims(run, done), done.said, restored);
      if (typeof commit === 'string') return runs.forget(run, commit);
      run.sentCommitId = commit.id;
      const outcome = await store.commit(commit);
      home.done(run.partition);
      if (outcome === 'fenced' || outcome === 'rewound') return runs.forget(run, outcome);
      noteTaken(run, commit, number, shares);
      options.onCommitted?.({ ...done, commit });
      letGoRows(commit.deltas);
    } catch (error) {
      shares.failed(applied.commit, error);
      // The outcome is unknown: what the store then says of state and position is the truth.
      runs.forget(run, error as Error);
    }
  }

  /** Where members of segments are behind, and nothing of the partition is applied: one more commit in each iteration. What it builds upon is settled. */
  function goOn(applied: readonly Applied[]): Applied[] {
    const idle = [...runs.all()].filter((run) => mayGoOn(run.following) && !applied.some((one) => one.run === run));
    return idle.flatMap((run) =>
      run.position === null ? [] : [{ run, done: applyNothing(run, run.position, commitId(), logIdentity), number: 0 }],
    );
  }

  function commitAll(all: readonly Applied[], onDone?: () => void): void {
    underWay = Promise.all(all.filter(({ run }) => runs.isCurrent(run)).map(commitOne)).then(() => onDone?.());
  }

  /** What is behind is not waited for: it has gathered already. */
  async function begin(signal: AbortSignal | undefined, isBehind: boolean): Promise<Begun> {
    const gatherMs = isBehind ? 0 : (gathering?.waitMs() ?? 0);
    if (gatherMs > 0) await wait(gatherMs, signal);
    const begun = await beginner.begin(signal, isBehind ? 0 : limits.waitMs);
    gathering?.noteRead(begun.batches.reduce((sum, { batch }) => sum + batch.arrivals.length, 0));
    return begun;
  }

  return {
    settle,
    progress: () => [...runs.all()].map(({ partition, position, logTimeMs }) => ({ partition, position, logTimeMs })),
    joinRules: (partition) => joinRulesOf(runs.get(partition), limits.trimRecordLength, shares.of(partition)),
    async runOnce(signal) {
      await runs.follow();
      const left = applier.waitingEntries();
      const current = next ?? begin(signal, left > 0 || goesOn);
      next = undefined;
      const { entries, batches } = await current;
      applier.add(batches);
      if (entries + left === 0) {
        await settle();
        await checkStore();
        const idle = goOn([]);
        goesOn = idle.length > 0;
        commitAll(idle);
        return idle.length;
      }
      const computed = takeTime(options);
      await applier.loaded();
      const crosses = applier.crosses();
      if (!crosses && reader.isAhead()) {
        next = beginner.begin(signal);
        next.catch(() => {}); // reported by the iteration that awaits it
        await soon();
      }
      const applied = await applier.applyWaiting();
      const stored = computed();
      await settle();
      const idle = goOn(applied);
      goesOn = idle.length > 0;
      commitAll([...applied, ...idle], stored);
      // Crossing may have emptied a cache: nothing may be loaded until the store has what the cache had.
      if (crosses) await settle();
      return entries + left + idle.length;
    },
  };
}

/** The store took the commit of the batch with this number. */
function noteTaken(run: PartitionRun, { id, next }: Commit, number: number, shares: JoinedShares): void {
  if (next.position > run.archivedUpTo) shares.rebuilt(run.partition);
  run.settledCommitId = id;
  run.stored = next;
  run.users.evict(number);
}

/** From now on: to be called when all is computed, and what that returns when it is stored. */
function takeTime({ now, onWorked }: Pick<SpeedWorkerOptions, 'now' | 'onWorked'>): () => () => void {
  if (now === undefined) return () => () => undefined;
  const sinceMs = now();
  return () => {
    const transformMs = now() - sinceMs;
    return () => onWorked?.({ transformMs, jobMs: now() - sinceMs });
  };
}

/** How often a worker that stands still looks whether its store was put back. */
const CHECK_EVERY_MS = 5_000;
const LONG_WORK_MS = 50;

/** A store that was put back is noticed by a commit, and where none comes by this: what it lacks lies in the log. Without a clock each call checks. */
function createStoreCheck(check: () => Promise<void>, now: () => number = () => Number.POSITIVE_INFINITY): () => Promise<void> {
  let dueMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const atMs = now();
    if (atMs < dueMs) return;
    await check();
    dueMs = atMs + CHECK_EVERY_MS;
  };
}

/** Asked between two events: after long work it lets timers and replies through, for a late heartbeat costs the lease. */
function createPauses(now: () => number): () => Promise<void> | undefined {
  let sinceMs = now();
  return () => {
    if (now() - sinceMs < LONG_WORK_MS) return undefined;
    return soon().then(() => {
      sinceMs = now();
    });
  };
}
