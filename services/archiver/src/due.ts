/** Which spools are closed now, and how much may still be spooled. Pure. */
import type { Spool } from './spool.ts';

export interface SpoolLimits {
  /** Rows, and bytes, of one segment: bounds what DuckDB must hold. */
  readonly segmentRows: number;
  readonly segmentBytes: number;
  /** Rows, and bytes, in all spools together: bounds what the log must keep for the archiver. */
  readonly spoolRows: number;
  readonly spoolBytes: number;
  /** An entry is archived after this long, also without a barrier, ms. */
  readonly maxAgeMs: number;
}

type Filling = Pick<Spool, 'rows' | 'bytes' | 'seals' | 'lostTail' | 'openedAtMs' | 'after' | 'upTo'>;

/** Those that have outgrown a bound close together, which costs few COPYs instead of many. */
export function dueSpools<S extends Filling>(spools: readonly S[], limits: SpoolLimits, nowMs: number): S[] {
  const filled = spools.filter((spool) => spool.upTo !== spool.after);
  const outgrown =
    sumOf(filled, ({ rows }) => rows) >= limits.spoolRows ||
    sumOf(filled, ({ bytes }) => bytes) >= limits.spoolBytes ||
    filled.some(({ rows, bytes }) => rows >= limits.segmentRows || bytes >= limits.segmentBytes);
  const oldMs = nowMs - limits.maxAgeMs;
  return filled.filter(
    ({ seals, lostTail, openedAtMs }) => outgrown || seals !== null || lostTail || (openedAtMs ?? nowMs) <= oldMs,
  );
}

/** Rows that one more read may bring over all spools; one is always taken. */
export function roomIn(spools: readonly Pick<Spool, 'rows'>[], limits: SpoolLimits): number {
  return Math.max(1, limits.spoolRows - sumOf(spools, ({ rows }) => rows));
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
