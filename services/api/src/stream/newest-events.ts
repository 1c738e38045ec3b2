/**
 * The newest events, for people who watch what comes in: a sample, from which nothing is counted. It reads one entry of each partition that came
 * since the last moment, and keeps its last lines. Nothing is read without a listener; the first moment after that has no event yet.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewestEvent } from '@tributary/contract/groups/stream';
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { isErasureType } from '@tributary/model/erasure';
import { isMessageType } from '@tributary/model/identity/message-line';
import { decodeLine } from '@tributary/model/reading/decode-line';
import type { z } from 'zod';
import type { IsForgotten } from './forgotten.ts';

export const MOST_NEWEST = 12;
const LINES_OF_ENTRY = 4;
const READ = { maxEntries: 1, maxBytes: 256 * 1024, waitMs: 0 };
/** Two who ask within it get the same. */
const SAME_MS = 500;
/** After so long without a question it begins at the end again. */
const STALE_MS = 10_000;
/** A moment does not wait longer for them. */
const PATIENCE_MS = 1_000;

interface Kept {
  readonly userKey: string;
  readonly appendedMs: number;
  readonly event: z.output<typeof NewestEvent>;
}

export interface NewestEventsDeps {
  readonly log: Pick<EventLog, 'read' | 'ends' | 'partitions'>;
  readonly forgotten: () => Promise<IsForgotten>;
  /** A clock that only goes on, ms. */
  readonly clock: () => number;
}

export interface NewestEvents {
  /** Newest first; null: they are not known just now. Never rejects. */
  take(): Promise<Kept['event'][] | null>;
}

export function createNewestEvents({ log, forgotten, clock }: NewestEventsDeps): NewestEvents {
  let from: ReadonlyMap<number, Position | null> | null = null;
  let kept: readonly Kept[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | null = null;

  async function ends(): Promise<ReadonlyMap<number, Position | null>> {
    return new Map([...(await log.ends())].entries());
  }

  async function read(): Promise<void> {
    const isStale = from === null || clock() - readAt > STALE_MS;
    const [before, known] = isStale ? [null, []] : [from, kept];
    // Where the log does not answer, what comes next begins at its end.
    from = null;
    const entries = before === null ? [] : await log.read(before, READ);
    kept = [...entries.flatMap((entry) => lastOf(entry, log.partitions)).sort(byAppend), ...known].slice(0, MOST_NEWEST);
    from = await ends();
    readAt = clock();
  }

  async function take(): Promise<Kept['event'][] | null> {
    if (from === null || clock() - readAt >= SAME_MS) {
      underWay ??= read().finally(() => {
        underWay = null;
      });
      await underWay;
    }
    const isForgotten = await forgotten();
    const shown = await Promise.all(kept.map(({ userKey, appendedMs }) => isForgotten(userKey, appendedMs)));
    return kept.filter((_, i) => shown[i] === false).map(({ event }) => event);
  }

  return {
    async take() {
      const waits = new AbortController();
      const tired = sleep(PATIENCE_MS, null, { signal: waits.signal, ref: false }).catch(() => null);
      return Promise.race([take().catch(() => null), tired]).finally(() => waits.abort());
    },
  };
}

function byAppend(a: Kept, b: Kept): number {
  return b.appendedMs - a.appendedMs;
}

/** The last events of an entry, newest first: those of people, and no links or erasures. */
function lastOf({ kind, body, partition, appendedMs }: LogEntry, partitions: number): Kept[] {
  if (kind !== 'events') return [];
  const lines = body.split('\n').slice(-LINES_OF_ENTRY).reverse();
  return lines.flatMap((line) => {
    const decoded = decodeLine(line, partition, partitions, appendedMs);
    if (!decoded.ok || isMessageType(decoded.event.type) || isErasureType(decoded.event.type)) return [];
    const { id, type, ts, receivedAt, source } = decoded.event;
    const { userKey } = decoded;
    return [{ userKey, appendedMs, event: { id, type, user: userKey, ts, receivedAt, source } }];
  });
}
