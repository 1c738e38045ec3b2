/** Events a second of each key that has such a bound. Each collector counts for itself: several let through several times as much. */
import type { Grant } from './grant.ts';

/** A key that was quiet may send so many seconds' worth at once. */
const BURST_S = 10;

export interface Rates {
  /** False when the key has used up what it may: asked before its body is parsed. */
  hasLeft(grant: Grant): boolean;
  /** False, and nothing taken, when nothing is left. A batch passes whole once anything is left; the rest is owed. */
  take(grant: Grant, events: number): boolean;
}

export function createRates(now: () => number): Rates {
  const buckets = new Map<string, { left: number; atMs: number }>();

  function take({ keyId, eventsPerSecond }: Grant, events: number): boolean {
    if (eventsPerSecond === null) return true;
    const atMs = now();
    const full = BURST_S * eventsPerSecond;
    const bucket = buckets.get(keyId) ?? { left: full, atMs };
    bucket.left = Math.min(full, bucket.left + (Math.max(0, atMs - bucket.atMs) / 1000) * eventsPerSecond);
    bucket.atMs = atMs;
    buckets.set(keyId, bucket);
    if (bucket.left <= 0) return false;
    bucket.left -= events;
    return true;
  }

  return { take, hasLeft: (grant) => take(grant, 0) };
}
