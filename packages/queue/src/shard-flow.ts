/**
 * The asking side of the queue of shards: a BullMQ flow with the run's job as the parent. Children are added while the parent is at
 * work, under names that every attempt at the run gives them, and vanish when they end: what they did is in the data folder.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ERRORS, type ErrorCode, TributaryError } from '@tributary/model/errors';
import { isTransient } from '@tributary/runtime/error-kinds';
import type { BulkJobOptions, Job, Queue } from 'bullmq';
import { answered } from './answered.ts';
import { ATTEMPTS, RETRY_DELAY_MS } from './jobs.ts';
import type { RunProgress } from './run-records.ts';
import { type ShardJob, shardJobId } from './shard-queue.ts';

export interface ShardFlow {
  readonly version: string;
  /** How many shards could be computed at once: processes that are connected, times what each takes. */
  slots(): Promise<number>;
  /**
   * Resolves when each of these was worked on; `onDone` gets how many were so far. Rejects with the error of one that failed for
   * good, with `store_unavailable` when Redis does not answer, and when aborted; what is in the queue stays there then.
   */
  work(shards: readonly ShardJob[], onDone: (count: number) => void, signal: AbortSignal): Promise<void>;
  /** Kept with the run's job; what cannot be kept is dropped. */
  progress(done: number, total: number): void;
}

const POLL_EVERY_MS = 100;
const PAGE = 1_000;

const OPTIONS: BulkJobOptions = {
  attempts: ATTEMPTS,
  backoff: { type: 'fixed', delay: RETRY_DELAY_MS },
  removeOnComplete: true,
  removeOnFail: true,
  // The parent reads why and decides by itself. Otherwise BullMQ would fail it once it is retried, whatever the retry brings.
  ignoreDependencyOnFailure: true,
};

export interface FlowOptions {
  readonly version: string;
  readonly slotsPerProcess: number;
  /** Keeps how far the run is. */
  readonly report: (progress: RunProgress) => void;
}

export function openShardFlow(queue: Queue<ShardJob>, parent: Job, { version, slotsPerProcess, report }: FlowOptions): ShardFlow {
  return {
    version,
    slots: async () => (await processes(queue)) * slotsPerProcess,
    async work(shards, onDone, signal) {
      const keys = new Set(shards.map((shard) => queue.toKey(shardJobId(shard))));
      await answered(queue.addBulk(shards.map((shard) => childOf(parent, shard))));
      for (let known = -1; ; ) {
        signal.throwIfAborted();
        const { open, failure } = await openShards(parent, keys);
        if (failure !== undefined) throw failure;
        if (open !== known) onDone(shards.length - open);
        known = open;
        if (open === 0) return;
        await sleep(POLL_EVERY_MS, undefined, { signal });
      }
    },
    progress: (done, total) => report({ shards: { done, total } }),
  };
}

/** Those with a worker of this queue, by the names of their connections. */
async function processes(queue: Queue<ShardJob>): Promise<number> {
  const count = queue.getWorkersCount().catch((error: Error) => {
    // A Redis user that may not list clients: this process knows only itself.
    if (error.message.startsWith('NOPERM')) return 1;
    throw error;
  });
  return answered(count);
}

function childOf(parent: Job, shard: ShardJob) {
  const link = { id: parent.id ?? '', queue: parent.queueQualifiedName };
  return { name: 'shard', data: shard, opts: { ...OPTIONS, jobId: shardJobId(shard), parent: link } };
}

/** How many of these children of the run's job are not done, and the error of one that failed for good. */
async function openShards(
  parent: Job,
  keys: ReadonlySet<string>,
): Promise<{ readonly open: number; readonly failure: TributaryError | undefined }> {
  const open = new Set<string>();
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const page: Awaited<ReturnType<Job['getDependencies']>> = await answered(
      parent.getDependencies({ unprocessed: { cursor, count: PAGE } }),
    );
    for (const key of page.unprocessed ?? []) if (keys.has(key)) open.add(key);
    cursor = page.nextUnprocessedCursor || undefined;
  }
  const failures = Object.entries(await answered(parent.getIgnoredChildrenFailures()));
  const failed = failures.find(([key]) => keys.has(key));
  return { open: open.size, failure: failed && errorOf(failed[1]) };
}

/** A job keeps only the text of its error. */
export function failureText(error: unknown): string {
  return error instanceof TributaryError ? `${error.code}: ${error.message}` : String(error);
}

function errorOf(text: string): TributaryError {
  const [, code, message] = /^([a-z_]+): (.*)$/s.exec(text) ?? [];
  const failed = new TributaryError('compute_failed', text);
  if (code === undefined || message === undefined || !Object.hasOwn(ERRORS, code)) return failed;
  const error = new TributaryError(code as ErrorCode, message);
  // It outlasted every attempt: the run does not wait for it again.
  return isTransient(error) ? failed : error;
}
