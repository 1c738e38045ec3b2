/** Events a second of each key that has such a bound. Each collector counts for itself: several let through several times as much. */
import type { Grant } from './grant.ts';

/** What a key that was quiet may send at once, in seconds of its rate. */
export const BURST_S = 10;

export interface Rates {
  /** False when the key has used up what it may: asked before its body is inflated. */
  hasLeft(grant: Grant): boolean;
  /** What passes what is left is owed: a batch passes whole once anything is left. */
  charge(grant: Grant, events: number): void;
}

/** Text costs work whatever stands in it. Ordinary events have fewer bytes, so honest batches are charged by their events. */
const EVENT_BYTES = 2_048;

/** What a body of this size, inflated, is charged at least. */
export function eventsWorth(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / EVENT_BYTES));
}

export function createRates(now: () => number): Rates {
  const buckets = new Map<string, { left: number; atMs: number }>();

  function charge({ keyId, eventsPerSecond }: Grant, events: number): number {
    if (eventsPerSecond === null) return Number.POSITIVE_INFINITY;
    const atMs = now();
    const full = BURST_S * eventsPerSecond;
    const bucket = buckets.get(keyId) ?? { left: full, atMs };
    bucket.left = Math.min(full, bucket.left + (Math.max(0, atMs - bucket.atMs) / 1000) * eventsPerSecond);
    bucket.atMs = atMs;
    buckets.set(keyId, bucket);
    bucket.left -= events;
    return bucket.left;
  }

  return { charge, hasLeft: (grant) => charge(grant, 0) > 0 };
}
