/**
 * The speed worker: reads the log after each partition's position and commits effect and position together.
 *
 *   follow  what is assigned → one run a partition   loaded when it becomes ours, dropped when it no longer is
 *   begin   read, decode, ask for records            a batch ahead: while the one before it is applied and the one before that committed
 *   apply   step every event → one commit            pure but for the partition's own cache; what is too much for one turn goes to the next
 *   settle  outcomes of the previous commits         any doubt → forget the partition, load it anew
 *   commit  one fenced script a partition            not awaited: the next batch is applied meanwhile
 *
 * Records may be asked for ahead of two commits because a user that they touch is cached: only others are read.
 */

import { setImmediate as soon } from 'node:timers/promises';
import type { EventLog } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import type { CommitOutcome, SpeedStore } from '@tributary/store/speed-store';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import { MOST_OF_TURN, type Work, workOfTurn } from '@tributary/views/work';
import { type AppliedBatch, applyBatch } from './apply.ts';
import { type DecodedBatch, decodeBatch, endsEarly } from './decode.ts';
import { type Assignment, createOwnRuns } from './own-runs.ts';
import { loadPartition, type PartitionLimits, type PartitionRun } from './partition-run.ts';
import { createReadAhead } from './read-ahead.ts';
import type { CachedUser } from './user-cache.ts';
import { createUserRecords, type RecordLimits } from './user-records.ts';

export interface WorkerLimits extends PartitionLimits, RecordLimits {
  /** Log entries of one partition in one batch. */
  readonly maxEntries: number;
  /** Bytes of log entries read at once, over all partitions; three such reads are held at most: committed, applied and ahead. */
  readonly maxBytes: number;
  /** How long an idle read waits, ms. */
  readonly waitMs: number;
  /** After a partition's batch of more events than this, timers and replies get their turn: a late heartbeat costs the lease. */
  readonly longBatchEvents: number;
  /** What is applied in one turn, before it is committed: units of work.ts. */
  readonly turnWork: number;
}

export const DEFAULT_LIMITS: WorkerLimits = {
  maxEntries: 200,
  maxBytes: 8 * 1024 * 1024,
  waitMs: 250,
  maxTimelineEvents: 10_000,
  maxCachedEvents: 200_000,
  trimRecordLength: 256 * 1024,
  maxRecordLength: 32 * 1024 * 1024,
  readBytes: 8 * 1024 * 1024,
  loadBytes: 16 * 1024 * 1024,
  longBatchEvents: 2_000,
  turnWork: MOST_OF_TURN,
  outputs: 'none',
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
  const records = createUserRecords(store, limits);
  let underWay: Promise<void> = Promise.resolve();
  let batchNumber = 0;
  /** Partitions in which a batch could not be applied, and where it ended: up to there an event that cannot be is parked. */
  const careful = new Map<number, string>();
  let next: Promise<Begun> | undefined;
  /** What was begun and is not applied yet, in order within each partition: turns have an end. */
  let waiting: Part[] = [];
  const held = new Set<PartitionRun>();
  const pause = options.now === undefined ? undefined : createPauses(options.now);

  async function commitOne(run: PartitionRun, applied: AppliedBatch, number: number): Promise<void> {
    try {
      const commit = await records.withTrims(run, applied);
      run.sentCommitId = commit.id;
      const outcome = await store.commit(commit);
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

  /** Reads and decodes the next entries and asks for the records of their users; `run.logTimeMs` stays that of what is applied. */
  async function begin(signal: AbortSignal | undefined, waitMs?: number): Promise<Begun> {
    const entries = await reader.take(signal, waitMs);
    batchNumber += MOST_PIECES;
    const number = batchNumber;
    const parts: Part[] = [];
    // Runs as they stand at the read: what was read for one says nothing to another that replaces it meanwhile.
    const grouped = Map.groupBy(entries, ({ partition }) => partition);
    const read = [...grouped].map(([partition, own]) => [runs.get(partition), own] as const);
    for (const [run, own] of read) {
      if (run === undefined || !runs.isCurrent(run)) continue;
      const batch = decodeBatch(own, run.decodedLogTimeMs, run.generation, log.partitions, sha256Hex);
      run.decodedLogTimeMs = batch.logTimeMs;
      if (endsEarly(batch)) reader.seek(run.partition, batch.upTo); // what lies after it is the next batch's
      parts.push(load(run, batch, number));
      if (batch.arrivals.length > limits.longBatchEvents) await soon();
    }
    return { entries: entries.length, parts };
  }

  function load(run: PartitionRun, batch: DecodedBatch, number: number): Part {
    const users = records.load(run, batch, number).catch((error: Error) => {
      runs.forget(run, error);
      return null;
    });
    return { run, batch, users, number };
  }

  /** Applies what waits until the turn is spent: of each partition one batch at the most, as far as it goes, for one commit. */
  async function applyWaiting(): Promise<Applied[]> {
    const turn = workOfTurn(limits.turnWork);
    const applied = new Map<PartitionRun, Applied>();
    const left: Part[] = [];
    for (const part of waiting) {
      const { run, batch, users, number } = part;
      if (applied.has(run) || (applied.size > 0 && turn.left <= 0)) {
        left.push(part);
        continue;
      }
      const loaded = await users;
      // A partition whose commit failed meanwhile was forgotten: its batch is built on sand.
      if (loaded === null || !runs.isCurrent(run)) continue;
      const done = await apply(part, loaded, turn);
      if (done === null) continue;
      applied.set(run, { run, done, number });
      if (batch.arrivals.length > limits.longBatchEvents) await soon();
    }
    const rests = [...applied.values()].flatMap(({ run, done, number }) =>
      done.rest === null ? [] : [load(run, done.rest, number + 1)],
    );
    // Those that were cut short go behind the others.
    const cut = new Set(rests.map(({ run }) => run));
    waiting = [...left.filter(({ run }) => !cut.has(run)), ...rests, ...left.filter(({ run }) => cut.has(run))];
    holdReads();
    return [...applied.values()];
  }

  /** A partition with work left over is not read further; the others are. */
  function holdReads(): void {
    for (const { run } of waiting) {
      held.add(run);
      if (runs.isCurrent(run)) reader.drop(run.partition);
    }
    for (const run of held) {
      if (waiting.some((part) => part.run === run)) continue;
      held.delete(run);
      if (runs.isCurrent(run)) reader.seek(run.partition, run.position);
    }
  }

  /** null: it cannot be applied, and the partition was forgotten. */
  async function apply(
    { run, batch }: Part,
    users: readonly (CachedUser | undefined)[],
    turn: Work,
  ): Promise<AppliedBatch | null> {
    const given = { logIdentity: log.identity, commitId: options.commitId(), sha256Hex, limits, turn, pause };
    const carefulUpTo = careful.get(run.partition);
    try {
      const done = await applyBatch(run, batch, users, { ...given, careful: carefulUpTo !== undefined });
      if (done.commit.next.position >= (carefulUpTo ?? '')) careful.delete(run.partition);
      return done;
    } catch (error) {
      // Half applied, and the cursor lies past it: the next batch would be committed over the hole.
      careful.set(run.partition, batch.upTo);
      runs.forget(run, error as Error);
      return null;
    }
  }

  return {
    settle,
    progress: () => [...runs.all()].map(({ partition, position, logTimeMs }) => ({ partition, position, logTimeMs })),
    async runOnce(signal) {
      await runs.follow();
      const left = sumOf(waiting, ({ batch }) => batch.ends.length);
      const current = next ?? begin(signal, left === 0 ? limits.waitMs : 0);
      next = undefined;
      const { entries, parts } = await current;
      waiting = [...waiting, ...parts];
      if (entries + left === 0) {
        await settle();
        return 0;
      }
      await Promise.all(waiting.map(({ users }) => users));
      const crosses = waiting.some(({ batch }) => endsEarly(batch));
      // What lies behind a barrier, a hole, or a fall of log time, is begun only once it has been crossed.
      if (!crosses && reader.isAhead()) {
        next = begin(signal);
        next.catch(() => {}); // reported by the turn that awaits it
        await soon();
      }
      const applied = await applyWaiting();
      await settle();
      const commits: Promise<void>[] = [];
      for (const { run, done, number } of applied) if (runs.isCurrent(run)) commits.push(commitOne(run, done, number));
      underWay = Promise.all(commits).then(() => undefined);
      // Crossing may have emptied a cache: nothing may be loaded until the store has what the cache had.
      if (crosses) await settle();
      return entries + left;
    },
  };
}

const LONG_WORK_MS = 50;

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

interface Part {
  readonly run: PartitionRun;
  readonly batch: DecodedBatch;
  /** null: the records could not be had, the partition was forgotten. */
  readonly users: Promise<readonly (CachedUser | undefined)[] | null>;
  /** Of the batch: users of those up to the newest one committed may be evicted. */
  readonly number: number;
}

interface Begun {
  readonly entries: number;
  readonly parts: readonly Part[];
}

interface Applied {
  readonly run: PartitionRun;
  readonly done: AppliedBatch;
  readonly number: number;
}

/** A batch is applied in as many pieces as it has entries at the most; their numbers lie between its own and the next one's. */
const MOST_PIECES = 1_000_000;

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
