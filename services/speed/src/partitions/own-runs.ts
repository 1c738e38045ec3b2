/**
 * The partitions that this worker processes: loaded when they become its own, dropped when they no longer are, thrown away
 * and loaded again after any doubt. Another worker may believe for a moment that one of them is its own: the fence decides
 * who commits, and who was fenced again and again steps back for longer and longer.
 */

import { TributaryError } from '@tributary/model/errors';
import { isTransient } from '@tributary/runtime/error-kinds';
import { backoffMs } from '@tributary/runtime/wait';
import type { CommitOutcome } from '@tributary/store/speed-store';
import type { PartitionRun } from './partition-run.ts';

/** Fixed ones, or those that are assigned at the moment. */
export type Assignment = readonly number[] | (() => ReadonlySet<number>);

export interface OwnRunsOptions {
  readonly assigned: Assignment;
  readonly load: (partition: number) => Promise<PartitionRun>;
  /** Whether what the partition was loaded with does not hold any more. */
  readonly mustReload?: (partition: number) => boolean;
  /** The commit that the store stands at; "" before the first. */
  readonly storedCommitId: (partition: number) => Promise<string>;
  /** Waits for the commits under way. */
  readonly settle: () => Promise<void>;
  /** Where the log is read: follows the runs. */
  readonly reader: { seek(partition: number, position: string | null): void; drop(partition: number): void };
  /** Monotonic, ms; without it nothing is waited for. */
  readonly now?: () => number;
  readonly onReset?: (partition: number, why: CommitOutcome | Error) => void;
}

export interface OwnRuns {
  get(partition: number): PartitionRun | undefined;
  /** Whether the run still stands for its partition: what was built upon another one is void. */
  isCurrent(run: PartitionRun): boolean;
  /** Drops what is no longer ours and loads what has become ours. */
  follow(): Promise<void>;
  /** Throws the run away; it is loaded again. */
  forget(run: PartitionRun, why: CommitOutcome | Error): void;
  /** Forgets the runs that another worker's commits have overtaken, or whose store was put back. Throws where the store answers of none of them. */
  forgetOvertaken(): Promise<void>;
  all(): Iterable<PartitionRun>;
}

/** A partition that was not fenced for this long is calm again. */
const CALM_MS = 10_000;
const RESTS = { firstMs: 50, longestMs: 2_000 };

interface Fences {
  readonly count: number;
  readonly lastMs: number;
}

/** The first fence is what every hand-over may bring: no rest. */
function restMs(fences: number): number {
  return backoffMs(RESTS, fences - 1);
}

export function createOwnRuns(options: OwnRunsOptions): OwnRuns {
  const { assigned, load, settle, reader, now, mustReload = () => false } = options;
  const runs = new Map<number, PartitionRun>();
  const fences = new Map<number, Fences>();
  const fixed = typeof assigned === 'function' ? undefined : new Set(assigned);
  const ours = () => fixed ?? (assigned as () => ReadonlySet<number>)();

  function rests(partition: number): boolean {
    const own = fences.get(partition);
    return own !== undefined && now !== undefined && now() < own.lastMs + restMs(own.count);
  }

  function noteFence(partition: number): void {
    if (now === undefined) return;
    const before = fences.get(partition);
    const lastMs = now();
    const isNew = before === undefined || lastMs - before.lastMs > CALM_MS;
    fences.set(partition, { count: isNew ? 1 : before.count + 1, lastMs });
  }

  function drop(partition: number): void {
    runs.delete(partition);
    reader.drop(partition);
  }

  function forget(run: PartitionRun, why: CommitOutcome | Error): void {
    if (runs.get(run.partition) !== run) return;
    drop(run.partition);
    if (isFence(why) || (why instanceof Error && !isTransient(why))) noteFence(run.partition);
    options.onReset?.(run.partition, why);
  }

  return {
    forget,
    get: (partition) => runs.get(partition),
    isCurrent: (run) => runs.get(run.partition) === run,
    all: () => runs.values(),
    async follow() {
      const own = ours();
      for (const partition of [...runs.keys()]) if (!own.has(partition) || mustReload(partition)) drop(partition);
      const missing = [...own].filter((partition) => !runs.has(partition) && !rests(partition));
      if (missing.length === 0) return;
      // A partition is loaded only when none of its commits can still be under way.
      await settle();
      const loaded = await Promise.allSettled(missing.map(load));
      for (const [i, outcome] of loaded.entries()) {
        const partition = missing[i] as number;
        if (outcome.status === 'rejected') noteFence(partition);
        else {
          runs.set(partition, outcome.value);
          reader.seek(partition, outcome.value.position);
        }
      }
      // The node of some partitions may be down: those of the other nodes go on.
      for (const outcome of loaded)
        if (outcome.status === 'rejected' && (runs.size === 0 || !isTransient(outcome.reason))) throw outcome.reason;
    },
    async forgetOvertaken() {
      await settle();
      const current = [...runs.values()];
      const stored = await Promise.allSettled(current.map((run) => options.storedCommitId(run.partition)));
      for (const [i, run] of current.entries()) {
        const one = stored[i] as PromiseSettledResult<string>;
        // `commitId` may be of a batch that is applied and not sent yet.
        if (one.status === 'fulfilled' && one.value !== run.commitId && one.value !== run.settledCommitId) forget(run, 'fenced');
      }
      // The node of some partitions may be down: those of the other nodes go on.
      const [failed] = stored.filter((one) => one.status === 'rejected');
      if (failed !== undefined && stored.every((one) => one.status === 'rejected')) throw failed.reason;
    },
  };
}

/** Another worker wrote: found at a commit, or while reading records. */
function isFence(why: CommitOutcome | Error): boolean {
  return why === 'fenced' || (why instanceof TributaryError && why.code === 'conflict');
}
