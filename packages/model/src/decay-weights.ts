import { HOUR_MS } from './time.ts';

const DECAY_SCALE = 1_000_000;

/** The last ones: nearly all definitions that a process reads have the same, and to make two thousand takes as long as to check small definitions. */
let last: { readonly of: string; readonly weights: readonly number[] } | undefined;

/** Weight of a touch by its age in whole hours, up to the lookback: integers, so that both engines have the same ones. */
export function decayWeights(halfLifeHours: number, lookbackMs: number): readonly number[] {
  const of = `${halfLifeHours} ${lookbackMs}`;
  if (last?.of !== of) last = { of, weights: made(halfLifeHours, lookbackMs) };
  return last.weights;
}

function made(halfLifeHours: number, lookbackMs: number): number[] {
  const hours = Math.floor(lookbackMs / HOUR_MS);
  return Array.from({ length: hours + 1 }, (_, hour) => Math.max(1, Math.round(DECAY_SCALE * 2 ** (-hour / halfLifeHours))));
}
