/** The jobs in the queue of the batch layer. Plain JSON; readers of an older version may find it after an upgrade. */

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
  /** Where the last attempt at this job got to; null before it began. */
  readonly begun: { readonly generation: number; readonly sequence: number } | null;
}

export const QUEUE = 'recompute';

/** The braces keep all keys of the queue in one slot of a Redis Cluster. */
export function queuePrefix(namespace: string): string {
  return `{${namespace}:queue}`;
}

/** Attempts at one job: Redis or the log may be away for about `ATTEMPTS · RETRY_DELAY_MS`. */
export const ATTEMPTS = 10;
export const RETRY_DELAY_MS = 5_000;
