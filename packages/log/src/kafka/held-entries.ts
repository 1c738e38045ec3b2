/**
 * What a fetch session holds: entries that were fetched and not given away yet, for a next read that goes on from there. Pure, as are
 * `fetch-plan.ts` and `take-reply.ts`, which decide over it: `fetch-session.ts` has the effects.
 */
import type { LogEntry } from '../port.ts';
import { weightOf } from './entries.ts';
import { offsetOf } from './layout.ts';

/** As `ReadLimits` of the port: entries of each partition, bytes of all together. */
export interface ReadBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** The entries of [from, next). */
export interface Held {
  readonly from: number;
  readonly next: number;
  readonly entries: readonly LogEntry[];
  /** Unpacked. */
  readonly bytes: number;
}

export interface SessionState {
  readonly held: Map<number, Held>;
  /** Partitions whose next batch did not fit: the first one of a request gets a batch of any size. */
  readonly starved: Set<number>;
  /** When each partition was unpacked last, counted in visits. */
  readonly visitedAt: Map<number, number>;
  visits: number;
}

/** The offset from which each partition is read. */
export type Wanted = ReadonlyMap<number, number>;

export function emptyState(): SessionState {
  return { held: new Map(), starved: new Set(), visitedAt: new Map(), visits: 0 };
}

/** Forgets what is held for another place. */
export function seek({ held }: SessionState, wanted: Wanted): void {
  for (const [partition, { from }] of held) if (wanted.get(partition) !== from) held.delete(partition);
}

export function holdsAny({ held }: SessionState, wanted: Wanted): boolean {
  return [...wanted.keys()].some((partition) => (held.get(partition)?.entries.length ?? 0) > 0);
}

export function heldBytes({ held }: SessionState): number {
  let sum = 0;
  for (const { bytes } of held.values()) sum += bytes;
  return sum;
}

/** Entries in the order of `wanted`, of each partition its share; they are held no longer. */
export function give({ held }: SessionState, wanted: Wanted, { maxEntries, maxBytes }: ReadBounds): LogEntry[] {
  const given: LogEntry[] = [];
  for (const partition of wanted.keys()) {
    const { entries = [], next = 0, bytes = 0 } = held.get(partition) ?? {};
    if (entries.length === 0) continue;
    const part = headOf(entries, maxEntries, maxBytes / wanted.size);
    given.push(...part);
    const last = part.at(-1) as LogEntry;
    const left = entries.slice(part.length);
    held.set(partition, { from: offsetOf(last.position) + 1, next, entries: left, bytes: bytes - weightOf(part) });
  }
  return given;
}

/** One entry at least. */
function headOf(entries: readonly LogEntry[], maxEntries: number, maxBytes: number): LogEntry[] {
  let bytes = 0;
  const end = entries.findIndex(({ body }, i) => {
    bytes += body.length;
    return i > 0 && (i === maxEntries || bytes > maxBytes);
  });
  return end < 0 ? [...entries] : entries.slice(0, end);
}
