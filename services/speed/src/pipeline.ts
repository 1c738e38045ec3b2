/**
 * The speed worker: reads the log after each partition's position and commits effect and position together.
 *
 *   follow  what is assigned → one run a partition   loaded when it becomes ours, dropped when it no longer is
 *   read    entries after the positions, one ahead   while the previous batch is applied and committed
 *   decode  lines → arrivals, dead letters, barrier
 *   load    records of users that are not cached     safe meanwhile: a user under commit is cached
 *   apply   step every event → one commit            pure but for the partition's own cache
 *   settle  outcomes of the previous commits         any doubt → forget the partition, load it anew
 *   commit  one fenced script a partition            not awaited: the next batch is prepared meanwhile
 */
import type { CommitOutcome, SpeedStore } from '@tributary/kv/port';
import type { EventLog, LogEntry } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { trimRecord, userFromRecord } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { emptyUser } from '@tributary/views/user-state';
import type { View } from '@tributary/views/view';
import { type AppliedBatch, applyBatch } from './apply.ts';
import { type DecodedBatch, decodeBatch } from './decode.ts';
import { type Assignment, createOwnRuns } from './own-runs.ts';
import { loadPartition, type PartitionLimits, type PartitionRun } from './partition-run.ts';
import { createReadAhead, isExpired } from './read-ahead.ts';
import type { CachedUser } from './user-cache.ts';

export interface WorkerLimits extends PartitionLimits {
  /** Log entries of one partition in one batch. */
  readonly maxEntries: number;
  /** How long an idle read waits, ms. */
  readonly waitMs: number;
  /** A user's record is trimmed when it passes this many characters, and again at each doubling. */
  readonly trimRecordLength: number;
}

export const DEFAULT_LIMITS: WorkerLimits = {
  maxEntries: 200,
  waitMs: 250,
  maxTimelineEvents: 10_000,
  maxCachedEvents: 200_000,
  trimRecordLength: 256 * 1024,
};

export interface SpeedWorkerOptions {
  readonly log: EventLog;
  readonly store: SpeedStore;
  /** Definitions of partitions that were never committed to; later ones arrive with barriers. */
  readonly definitions: Definitions;
  readonly partitions: Assignment;
  readonly sha256Hex: (text: string) => string;
  /** All of them, but where their cost is measured. */
  readonly views?: readonly View[];
  /** Unique for every call, across processes. */
  readonly commitId: () => string;
  readonly limits?: Partial<WorkerLimits>;
  /** Monotonic, ms: with it, a partition that another worker keeps taking is left alone for a while. */
  readonly now?: () => number;
  /** Called for each commit that the store took. */
  readonly onCommitted?: (batch: AppliedBatch) => void;
  /** Called when a partition is thrown away and will be loaded anew. */
  readonly onReset?: (partition: number, why: CommitOutcome | Error) => void;
}

export interface SpeedWorker {
  /** One turn: reads, applies, and sends commits; resolves with the number of entries taken. */
  runOnce(signal?: AbortSignal): Promise<number>;
  /** Waits for the commits under way. */
  settle(): Promise<void>;
  /** The partitions processed now, each with where its last commit was made, under way or taken, and its log time, epoch ms. */
  progress(): { readonly partition: number; readonly position: string | null; readonly logTimeMs: number }[];
}

export function createSpeedWorker(options: SpeedWorkerOptions): SpeedWorker {
  const { log, store, sha256Hex, views = VIEWS } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const reader = createReadAhead(log, limits, () => runs.forgetOvertaken());
  const runs = createOwnRuns({
    assigned: options.partitions,
    load: (partition) => loadPartition(partition, store, log.identity, options.definitions, sha256Hex, limits, views),
    storedCommitId: async (partition) => (await store.loadState(partition))?.commitId ?? '',
    settle,
    reader,
    ...(options.now && { now: options.now }),
    ...(options.onReset && { onReset: options.onReset }),
  });
  let underWay: Promise<void> = Promise.resolve();
  let batchNumber = 0;

  /** The state of each arrival's user, in the order of arrivals. */
  async function loadUsers(run: PartitionRun, batch: DecodedBatch, number: number): Promise<CachedUser[]> {
    const missing = new Set<string>();
    for (const { userKey } of batch.arrivals) if (run.users.get(userKey, number) === undefined) missing.add(userKey);
    if (missing.size > 0) {
      const userKeys = [...missing];
      const records = await recordsOf(run, userKeys);
      userKeys.forEach((userKey, i) => {
        run.users.set(userKey, cachedUser(records[i] ?? null, run, number));
      });
    }
    return batch.arrivals.map(({ userKey }) => run.users.get(userKey, number) as CachedUser);
  }

  function cachedUser(record: string | null, run: PartitionRun, batch: number): CachedUser {
    const recordLength = record?.length ?? 0;
    const trimAtLength = Math.max(limits.trimRecordLength, recordLength * 2);
    const state = record === null ? emptyUser() : userFromRecord(record, run.logTimeMs, run.rules);
    return { state, recordLength, trimAtLength, batch };
  }

  /** Records as this run knows them: of the last commit taken, or of the one under way. Any other history is not ours. */
  async function recordsOf(run: PartitionRun, userKeys: readonly string[]): Promise<readonly (string | null)[]> {
    const before = run.settledCommitId;
    const { commitId, records } = await store.loadRecords(run.partition, userKeys);
    if (commitId === before || commitId === run.settledCommitId || commitId === run.commitId) return records;
    throw new TributaryError('conflict', `partition ${run.partition} stands at the commit "${commitId}" of another writer`);
  }

  async function withTrims(run: PartitionRun, { commit, toTrim, rules }: AppliedBatch): Promise<AppliedBatch['commit']> {
    if (toTrim.length === 0) return commit;
    const records = await recordsOf(run, toTrim);
    const appends = new Map(commit.appends);
    const rewrites = new Map<string, string>();
    toTrim.forEach((userKey, i) => {
      const trimmed = trimRecord(`${records[i] ?? ''}${appends.get(userKey) ?? ''}`, commit.next.logTimeMs, rules);
      const user = run.users.get(userKey, batchNumber);
      if (user !== undefined) {
        user.recordLength = trimmed.length;
        user.trimAtLength = Math.max(limits.trimRecordLength, trimmed.length * 2);
      }
      appends.delete(userKey);
      rewrites.set(userKey, trimmed);
    });
    return { ...commit, appends, rewrites };
  }

  async function commitOne(run: PartitionRun, applied: AppliedBatch, number: number): Promise<void> {
    try {
      const outcome = await store.commit(await withTrims(run, applied));
      if (outcome === 'fenced' || outcome === 'rewound') return runs.forget(run, outcome);
      run.settledCommitId = applied.commit.id;
      run.users.evict(number);
      options.onCommitted?.(applied);
    } catch (error) {
      // The outcome is unknown: what the store then says of state and position is the truth.
      runs.forget(run, error as Error);
    }
  }

  async function settle(): Promise<void> {
    await underWay;
  }

  /** Decodes, loads and applies one partition's entries; null when its state had to be thrown away. */
  async function prepare(entries: readonly LogEntry[], number: number): Promise<[PartitionRun, AppliedBatch] | null> {
    const run = runs.get((entries[0] as LogEntry).partition);
    if (run === undefined) return null;
    const batch = decodeBatch(entries, run.logTimeMs, run.generation, log.partitions);
    let users: readonly CachedUser[];
    try {
      users = await loadUsers(run, batch, number);
    } catch (error) {
      runs.forget(run, error as Error);
      return null;
    }
    if (batch.barrier !== undefined) reader.seek(run.partition, batch.upTo); // what lies after it is the next batch's
    return [run, applyBatch(run, batch, users, log.identity, options.commitId(), sha256Hex, limits)];
  }

  return {
    settle,
    progress: () => [...runs.all()].map(({ partition, position, logTimeMs }) => ({ partition, position, logTimeMs })),
    async runOnce(signal) {
      await runs.follow();
      const entries = await reader.take(signal);
      if (entries.length === 0) {
        await settle();
        return 0;
      }
      const number = ++batchNumber;
      const prepared = await Promise.all([...byPartition(entries)].map((own) => prepare(own, number)));
      await settle();
      const commits: Promise<void>[] = [];
      for (const item of prepared) {
        // A partition whose previous commit failed was forgotten: this batch of it was built on sand.
        if (item !== null && runs.isCurrent(item[0])) commits.push(commitOne(item[0], item[1], number));
      }
      underWay = Promise.all(commits).then(() => undefined);
      // Crossing a barrier may have emptied a cache: nothing may be loaded until the store has what the cache had.
      if (prepared.some((item) => item?.[1].commit.barrier !== undefined)) await settle();
      return entries.length;
    },
  };
}

function byPartition(entries: readonly LogEntry[]): Iterable<LogEntry[]> {
  const grouped = new Map<number, LogEntry[]>();
  for (const entry of entries) {
    const own = grouped.get(entry.partition);
    if (own === undefined) grouped.set(entry.partition, [entry]);
    else own.push(entry);
  }
  return grouped.values();
}

/** Errors that a restart or an operator must resolve: going on would only repeat them. */
export function isFatal(error: unknown): boolean {
  return isExpired(error) || (error instanceof TributaryError && error.code === 'log_recreated');
}
