/**
 * Passes on what the commits left in the outboxes:
 *
 *   outbox of a partition ─ the oldest lines ─▶ append to the same partition of the output log ─ acknowledged ─▶ remove from the outbox
 *
 * One append of a partition is under way at a time, so its lines keep their order. A publisher that dies between the append and the
 * removal, or that lost the partition without knowing, sends lines twice: their ids tell (law 3). None is left out: a line leaves
 * the outbox only once the output log has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outbox } from '@tributary/kv/outbox-port';
import type { EventLog } from '@tributary/log/port';

export interface PublisherOptions {
  readonly outbox: Outbox;
  /** The output log; as many partitions as the event log. */
  readonly log: EventLog;
  readonly assigned: () => ReadonlySet<number>;
  /** Lines, and UTF-16 units, of one append: a line that is longer goes alone. */
  readonly maxLines?: number;
  readonly maxLength?: number;
  /** Lines of one partition that may wait before the worker must. */
  readonly maxWaiting?: number;
  /** How long an outbox that was empty is left alone, ms, when nobody says that there is more. */
  readonly idleMs?: number;
  readonly onPublished?: (partition: number, lines: number) => void;
  readonly onError: (error: Error) => void;
}

export interface Publisher {
  /** There is more in this outbox. */
  wake(partition: number): void;
  /** Resolves while no outbox of ours holds too much, or once aborted: the speed layer waits for it. */
  room(signal: AbortSignal): Promise<void>;
  /** Passes on what is there, of all assigned partitions, until aborted; then ends after the appends under way. */
  run(signal: AbortSignal): Promise<void>;
  /** Lines that wait, as far as is known. */
  waiting(): number;
}

const RETRY_MS = 500;

export function createPublisher(options: PublisherOptions): Publisher {
  const { outbox, log, assigned, onError, maxLines = 500, maxLength = 256 * 1024, maxWaiting = 20_000, idleMs = 2_000 } = options;
  const lengths = new Map<number, number>();
  const woken = new Set<number>();
  let ring = Promise.withResolvers<void>();

  /** Passes on one append's worth; whether there is more. */
  async function publishSome(partition: number): Promise<boolean> {
    const { from, lines } = await outbox.read(partition, maxLines);
    const sent = lines.slice(0, fitting(lines, maxLength));
    if (sent.length > 0) {
      await log.append(partition, { kind: 'events', body: sent.join('\n') });
      await outbox.remove(partition, from + sent.length);
      options.onPublished?.(partition, sent.length);
    }
    const isMore = lines.length === maxLines || sent.length < lines.length;
    lengths.set(partition, isMore ? await outbox.length(partition) : 0);
    return isMore;
  }

  async function publish(partition: number, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && assigned().has(partition) && (await publishSome(partition)));
    } catch (error) {
      onError(error as Error);
      lengths.set(partition, await outbox.length(partition).catch(() => lengths.get(partition) ?? 0));
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      woken.add(partition);
    }
  }

  function overfull(): boolean {
    for (const partition of assigned()) if ((lengths.get(partition) ?? 0) > maxWaiting) return true;
    return false;
  }

  return {
    wake(partition) {
      woken.add(partition);
      ring.resolve();
    },
    async room(signal) {
      while (!signal.aborted && overfull()) await sleep(50, undefined, { signal }).catch(() => {});
    },
    waiting: () => [...assigned()].reduce((sum, partition) => sum + (lengths.get(partition) ?? 0), 0),
    async run(signal) {
      let lookedAt = Number.NEGATIVE_INFINITY;
      while (!signal.aborted) {
        const everything = performance.now() - lookedAt >= idleMs;
        const due = [...assigned()].filter((partition) => everything || woken.has(partition));
        if (everything) lookedAt = performance.now();
        woken.clear();
        await Promise.all(due.map((partition) => publish(partition, signal)));
        if (woken.size > 0) continue;
        await rung(signal);
      }
    },
  };

  /** Until somebody says that there is more, for `idleMs` at the most. */
  async function rung(signal: AbortSignal): Promise<void> {
    ring = Promise.withResolvers();
    const { resolve } = ring;
    const timer = setTimeout(resolve, idleMs);
    signal.addEventListener('abort', resolve as () => void, { once: true });
    await ring.promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', resolve as () => void);
  }
}

/** How many of the lines, at least one, are no longer than `maxLength` together. */
function fitting(lines: readonly string[], maxLength: number): number {
  let length = 0;
  const last = lines.findIndex((line) => (length += line.length + 1) > maxLength);
  return last < 0 ? lines.length : Math.max(1, last);
}
