/**
 * Outcomes of models, remembered under the counts that they were computed from: while nothing new was counted, a dashboard that
 * asks again is answered at once, and requests that come together share one run. They go when the counts go.
 */
import type { ModelOutcome } from '@tributary/attribution/models/shared-models';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { NobodyWaits } from './runner.ts';

interface Remembered {
  readonly counts: readonly (object | null)[];
  readonly outcomes: Map<string, { readonly outcome: Promise<ModelOutcome>; readonly askers: Asker[] }>;
}

/** Outcomes of one window's counts: models, currencies, parameters. */
const MOST_OUTCOMES = 64;

const memory = new WeakMap<object, Remembered>();

/**
 * `counts`: the objects that the outcome depends on, which never change; the first is not null. `key` names all else.
 * `run` is asked in the name of the first asker, for as long as one of those who ask the same is there.
 */
export function remembered(
  counts: readonly [object, ...(object | null)[]],
  key: string,
  asker: Asker,
  run: (asker: Asker) => Promise<ModelOutcome>,
): Promise<ModelOutcome> {
  let known = memory.get(counts[0]);
  if (known === undefined || counts.some((one, i) => one !== null && one !== known?.counts[i])) {
    known = { counts, outcomes: new Map() };
    memory.set(counts[0], known);
  }
  const { outcomes } = known;
  const asked = outcomes.get(key);
  if (asked !== undefined) {
    asked.askers.push(asker);
    return asked.outcome;
  }
  if (outcomes.size >= MOST_OUTCOMES) outcomes.clear();
  const askers = [asker];
  const outcome = whileAsked(
    () => run({ key: asker.key, isGone: () => areGone(askers) }),
    () => areGone(askers),
    () => outcomes.delete(key),
  );
  outcomes.set(key, { outcome, askers });
  // The job has ended.
  const ended = () => askers.splice(0);
  outcome.then(ended, ended);
  return outcome;
}

function areGone(askers: readonly Asker[]): boolean {
  return askers.every((one) => one.isGone());
}

/**
 * Begins again where all askers had left when its turn came, and another has asked since. `forget` comes in the same moment as the decision
 * to fail: who asks later begins a new one, and is not given the failure of those who left.
 */
async function whileAsked(
  run: () => Promise<ModelOutcome>,
  areAllGone: () => boolean,
  forget: () => void,
): Promise<ModelOutcome> {
  for (;;) {
    try {
      return await run();
    } catch (cause) {
      if (cause instanceof NobodyWaits && !areAllGone()) continue;
      forget();
      throw cause;
    }
  }
}
