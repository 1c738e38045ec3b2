/** The jobs in the queue of the batch layer. Plain JSON; readers of an older version may find it after an upgrade. */
import type { JobsOptions } from 'bullmq';

export interface RunJob {
  readonly action: 'run';
  readonly mode: 'incremental' | 'full';
  /** `schedule`, or who asked. */
  readonly reason: string;
  readonly scheduled: boolean;
  /** Canonical JSON of new definitions; null: those in force. */
  readonly definitions: string | null;
  /** When readers get what is computed. Absent in jobs of an earlier version: at once. */
  readonly promotion?: 'ask' | { readonly below: number };
  /** The schedule that it is of; absent: somebody asked for it, or an earlier version added it. */
  readonly schedule?: string;
  /** Left out where it begins long after it was due; absent: it is not. */
  readonly catchUp?: 'skip';
  /** Where the last attempt at this job got to; null before it began. */
  readonly begun: { readonly generation: number; readonly sequence: number } | null;
}

/** Options of jobs that a schedule adds. */
export type JobTemplateOptions = Omit<JobsOptions, 'jobId' | 'repeat' | 'delay' | 'deduplication' | 'debounce'>;

export const QUEUE = 'recompute';

/** The braces keep all keys of the queue in one slot of a Redis Cluster. */
export function queuePrefix(namespace: string): string {
  return `{${namespace}:queue}`;
}

/** Attempts at one job: Redis or the log may be away for about `ATTEMPTS · RETRY_DELAY_MS`. */
export const ATTEMPTS = 10;
export const RETRY_DELAY_MS = 5_000;
