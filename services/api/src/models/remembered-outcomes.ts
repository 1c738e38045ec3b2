/**
 * Outcomes of models, remembered under the counts that they were computed from: while nothing new was counted, a dashboard that
 * asks again is answered at once, and requests that come together share one run. They go when the counts go.
 */
import type { ModelOutcome } from './compute.ts';

interface Remembered {
  readonly counts: readonly (object | null)[];
  readonly outcomes: Map<string, Promise<ModelOutcome>>;
}

/** Of one window's counts: models, currencies, parameters. */
const MOST_OUTCOMES = 64;

const memory = new WeakMap<object, Remembered>();

/** `counts`: the objects that the outcome depends on, which never change; the first is not null. `key` names all else. */
export function remembered(
  counts: readonly [object, ...(object | null)[]],
  key: string,
  run: () => Promise<ModelOutcome>,
): Promise<ModelOutcome> {
  let known = memory.get(counts[0]);
  if (known === undefined || counts.some((one, i) => one !== null && one !== known?.counts[i])) {
    known = { counts, outcomes: new Map() };
    memory.set(counts[0], known);
  }
  const { outcomes } = known;
  let outcome = outcomes.get(key);
  if (outcome === undefined) {
    if (outcomes.size >= MOST_OUTCOMES) outcomes.clear();
    outcome = run();
    outcomes.set(key, outcome);
    // Who asks again may have better luck.
    outcome.catch(() => outcomes.delete(key));
  }
  return outcome;
}
