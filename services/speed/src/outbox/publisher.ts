/**
 * Passes on what the commits left in the outboxes:
 *
 *   outbox of a partition ─ the oldest lines ─▶ append to the same partition of the output log ─ acknowledged ─▶ remove from the outbox
 *
 * One append of a partition is under way at a time, so its lines keep their order. A publisher that dies between the append and the
 * removal, or that lost the partition without knowing, sends lines twice: their ids tell (law 3). None is left out: a line leaves
 * the outbox only once the output log has it.
 *
 * Lines that come to an outbox which was emptied need not be read where the commit has given them: their number says that none is before them. Nor do
 * they wait for removals (drain.ts), each of which names its first line and its last one: where the outbox has others before the first one, or another
 * one in place of the last one, none is removed, and all of it is read.
 */
import { pause } from '@tributary/runtime/wait';
import type { OutboxLines } from '@tributary/store/outbox';
import { type Came, createDrain, type DrainOptions } from './drain.ts';

export interface PublisherOptions extends DrainOptions {
  readonly assigned: () => ReadonlySet<number>;
  /** Lines of one partition that may wait before the worker must. */
  readonly maxWaiting?: number;
  /** How long an outbox that was empty is left alone, ms, unless a commit says that there is more. */
  readonly idleMs?: number;
}

export interface Publisher {
  /** There are `lines` more in this outbox. `longest`: the length of the longest of them, UTF-16 units, where it is known. */
  wake(partition: number, lines: number, longest?: number): void;
  /** What a commit left in this outbox; to be called before `wake`. */
  give(partition: number, lines: OutboxLines): void;
  /** Whether the partition may say more: a full outbox says no until half of it has left. */
  hasRoom(partition: number): boolean;
  /** Passes on what is there, of all assigned partitions, until aborted; then ends after the appends under way. */
  run(signal: AbortSignal): Promise<void>;
  /** Lines that wait, as far as is known. */
  waiting(): number;
}

const RETRY_MS = 500;
const NOTHING: Came = { lines: 0, longest: 0 };

export function createPublisher(options: PublisherOptions): Publisher {
  const { outbox, assigned, onError, maxWaiting = 20_000, idleMs = 2_000 } = options;
  const lengths = new Map<number, number>();
  const woken = new Map<number, Came>();
  const full = new Set<number>();
  const busy = new Map<number, Promise<void>>();
  let ring = Promise.withResolvers<void>();
  const drain = createDrain(options, {
    onLength: (partition, lines) => void lengths.set(partition, lines),
    onUnremoved(partition) {
      woken.set(partition, woken.get(partition) ?? NOTHING);
      ring.resolve();
    },
  });

  async function publish(partition: number, came: Came, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && assigned().has(partition) && (await drain.passSome(partition, came)));
    } catch (error) {
      onError(error as Error);
      lengths.set(partition, await outbox.length(partition).catch(() => lengths.get(partition) ?? 0));
      await pause(RETRY_MS, signal);
      woken.set(partition, woken.get(partition) ?? NOTHING);
    }
  }

  return {
    wake(partition, lines, longest = Number.POSITIVE_INFINITY) {
      lengths.set(partition, (lengths.get(partition) ?? 0) + lines);
      const before = woken.get(partition) ?? NOTHING;
      woken.set(partition, { lines: before.lines + lines, longest: Math.max(before.longest, longest) });
      ring.resolve();
    },
    give: drain.give,
    hasRoom(partition) {
      const waiting = lengths.get(partition) ?? 0;
      if (waiting > maxWaiting) full.add(partition);
      else if (waiting <= maxWaiting / 2) full.delete(partition);
      return !full.has(partition);
    },
    waiting: () => [...assigned()].reduce((sum, partition) => sum + (lengths.get(partition) ?? 0), 0),
    async run(signal) {
      let polledMs = Number.NEGATIVE_INFINITY;
      while (!signal.aborted) {
        const everything = performance.now() - polledMs >= idleMs;
        if (everything) polledMs = performance.now();
        const own = assigned();
        drain.forgetOthers(own);
        for (const partition of own) {
          if (busy.has(partition) || !(everything || woken.has(partition))) continue;
          const came = woken.get(partition) ?? NOTHING;
          woken.delete(partition);
          // One partition that is slow, or always has more, holds up no other.
          const done = publish(partition, came, signal).finally(() => {
            busy.delete(partition);
            ring.resolve();
          });
          busy.set(partition, done);
        }
        if (!signal.aborted) await rung(signal);
      }
      await Promise.all(busy.values());
      await drain.settled();
    },
  };

  /** Until somebody says that there is more, for at most `idleMs`. */
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
