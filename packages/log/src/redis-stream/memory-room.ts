/**
 * Room in Redis' memory. At `maxmemory` Redis refuses every write, also those that would make room: the leases of the
 * archivers, the trimming of the log. So events are refused a good while before, and what was taken can still be worked off.
 */
import type { Redis } from 'ioredis';
import { unavailable } from './durability.ts';

/** The part of `maxmemory` that may be used before events wait: what the speed layer makes of the entries that wait has room in the rest. */
const MOST_USED = 0.85;
const POLL_EVERY_MS = 1_000;

export interface MemoryRoom {
  /** Throws `log_unavailable` when events must wait. Asks in the background, at most once a second: no append waits for it. */
  assertRoom(): void;
}

export function watchMemory(redis: Redis, now: () => number): MemoryRoom {
  let askedMs = Number.NEGATIVE_INFINITY;
  let trouble: string | null = null;

  return {
    assertRoom() {
      const nowMs = now();
      if (nowMs - askedMs >= POLL_EVERY_MS || nowMs < askedMs) {
        askedMs = nowMs;
        redis.info('memory').then(
          (info) => {
            trouble = troubleOf(info);
          },
          // Who may not ask is not refused: Redis itself says when it is full.
          () => {},
        );
      }
      if (trouble !== null) throw unavailable(trouble);
    },
  };
}

/** `info`: what INFO memory answers. null: there is room, or no bound. */
export function troubleOf(info: string): string | null {
  const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
  const most = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0);
  if (most === 0 || used < most * MOST_USED) return null;
  return `Redis uses ${used} of ${most} bytes (maxmemory): events are taken again below ${MOST_USED * 100} %`;
}
