/**
 * Heartbeats: the clock of an idle partition. Without one, its log time would stand still and nothing in it would ever
 * become late or frozen.
 */
import type { Heartbeat } from '@tributary/model/partition-record';
import { pause } from '@tributary/runtime/wait';
import type { EventLog } from './port.ts';

export interface HeartbeatOptions {
  readonly log: Pick<EventLog, 'append' | 'partitions'>;
  /** A partition without an append for this long gets a heartbeat within the same time again. */
  readonly idleMs: number;
  /** The collector's clock, epoch ms: the one that stamps `receivedAt`. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Whether this collector appended to the partition during the last `idleMs`. */
  readonly wasActive: (partition: number) => boolean;
  /** A heartbeat was not written; the next round tries again. */
  readonly onError?: (error: unknown) => void;
}

/** Runs until aborted. */
export async function startHeartbeats(options: HeartbeatOptions): Promise<void> {
  const { idleMs, signal, onError } = options;
  while (!signal.aborted) {
    await pause(idleMs, signal);
    if (signal.aborted) return;
    // One round at a time: while the log is slow, heartbeats do not pile up.
    for (const outcome of await Promise.allSettled(beat(options))) if (outcome.status === 'rejected') onError?.(outcome.reason);
  }
}

/** One round: a heartbeat for every idle partition. */
export function beat({ log, now, wasActive }: Pick<HeartbeatOptions, 'log' | 'now' | 'wasActive'>): Promise<unknown>[] {
  const body = JSON.stringify({ receivedAt: now() } satisfies Heartbeat);
  const idle = Array.from({ length: log.partitions }, (_, partition) => partition).filter((partition) => !wasActive(partition));
  return idle.map((partition) => log.append(partition, { kind: 'heartbeat', body }));
}
