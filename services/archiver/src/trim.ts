/**
 * Trimming: the log drops what both the archive and the speed layer have durably, and have had for a while. Never by length. The delay is
 * for a store whose replica takes over without the newest commits: what they covered must still be there to be read again.
 */
import type { EventLog, Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { SECOND_MS } from '@tributary/model/time';
import { isFatal } from '@tributary/runtime/error-kinds';

export interface Trimmer {
  /** The partition is archived up to here. */
  archived(partition: number, upTo: Position): void;
  /** The partition is another archiver's now: so is trimming it. */
  drop(partition: number): void;
  /** Trims what can be; a failure is left for the next time. */
  trim(): Promise<void>;
}

/** How often the speed layer is asked where it is, while it is behind the archive. */
const EVERY_MS = 5 * SECOND_MS;

export interface TrimmerOptions {
  readonly speedPosition: (partition: number) => Promise<Position | null>;
  /** How far the archive can be read by its manifests, asked before each trim: what was written may have been unmounted since. */
  readonly readableUpTo: (partition: number) => Promise<Position | null>;
  readonly now: () => number;
  readonly delayMs?: number;
}

export function createTrimmer(log: Pick<EventLog, 'trim'>, options: TrimmerOptions): Trimmer {
  const { speedPosition, readableUpTo, now, delayMs = 0 } = options;
  /** What both had, and since when at the least. */
  const resting = new Map<number, { readonly upTo: Position; readonly sinceMs: number }>();
  const archivedUpTo = new Map<number, Position>();
  const trimmedUpTo = new Map<number, Position>();
  let askedAtMs = Number.NEGATIVE_INFINITY;

  /** How far both have been for the delay; a store that went back takes this back too. */
  function rested(partition: number, both: Position): Position | null {
    const known = resting.get(partition);
    if (delayMs === 0) return both;
    if (known === undefined || both < known.upTo) {
      resting.set(partition, { upTo: both, sinceMs: now() });
      return null;
    }
    if (now() - known.sinceMs < delayMs) return null;
    resting.set(partition, { upTo: both, sinceMs: now() });
    return known.upTo;
  }

  return {
    archived(partition, upTo) {
      archivedUpTo.set(partition, upTo);
    },
    drop(partition) {
      archivedUpTo.delete(partition);
      trimmedUpTo.delete(partition);
      resting.delete(partition);
    },
    async trim() {
      if (now() - askedAtMs < EVERY_MS) return;
      const behind = [...archivedUpTo].filter(([partition, upTo]) => (trimmedUpTo.get(partition) ?? '') < upTo);
      if (behind.length === 0) return;
      askedAtMs = now();
      for (const [partition, archived] of behind) {
        try {
          const speed = await speedPosition(partition);
          if (speed === null) continue;
          // Positions compare as strings.
          let both = archived;
          if (speed < both) both = speed;
          const upTo = rested(partition, both);
          if (upTo === null || upTo <= (trimmedUpTo.get(partition) ?? '')) continue;
          if (upTo > ((await readableUpTo(partition)) ?? '')) throw unreadable(partition, upTo);
          await log.trim(partition, upTo);
          trimmedUpTo.set(partition, upTo);
        } catch (error) {
          if (isFatal(error)) throw error;
          // The log or the store is away for a moment; whether it stays so, their readers tell.
          return;
        }
      }
    },
  };
}

function unreadable(partition: number, upTo: Position): TributaryError {
  const message = `partition ${partition} was archived up to ${upTo}, and the data folder no longer shows it: nothing is trimmed`;
  return new TributaryError('history_mismatch', message);
}
