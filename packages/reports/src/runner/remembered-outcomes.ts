/**
 * Outcomes of models, remembered under the counts that they were computed from: while nothing new was counted, a dashboard that
 * asks again is answered at once, and requests that come together share one run. They go when the counts go.
 */
import type { ModelOutcome } from '@tributary/attribution/models/shared-models';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { NobodyWaits } from './runner.ts';

type Run = (asker: Asker) => Promise<ModelOutcome>;

interface Asked {
  readonly outcome: Promise<ModelOutcome>;
  /** Who waits for it, each with a run of their own question and what is left of its time; null: it is there, or failed. */
  askers: { readonly asker: Asker; readonly run: Run }[] | null;
}

interface Remembered {
  readonly counts: readonly (object | null)[];
  readonly outcomes: Map<string, Asked>;
}

/** Outcomes of one window's counts: models, currencies, parameters. */
const MOST_OUTCOMES = 64;

const memory = new WeakMap<object, Remembered>();

/**
 * `counts`: the objects that the outcome depends on, which never change; the first is not null. `key` names all else.
 * `run` is asked in the name of an asker who is there, for as long as one of those who ask the same is.
 */
export function remembered(
  counts: readonly [object, ...(object | null)[]],
  key: string,
  asker: Asker,
  run: Run,
): Promise<ModelOutcome> {
  let known = memory.get(counts[0]);
  if (known === undefined || counts.some((one, i) => one !== null && one !== known?.counts[i])) {
    known = { counts, outcomes: new Map() };
    memory.set(counts[0], known);
  }
  const { outcomes } = known;
  const asked = outcomes.get(key);
  if (asked !== undefined) {
    asked.askers?.push({ asker, run });
    return asked.outcome;
  }
  if (outcomes.size >= MOST_OUTCOMES) outcomes.clear();
  const askers = [{ asker, run }];
  const begun: Asked = {
    askers,
    outcome: whileAsked(askers, () => {
      begun.askers = null;
      // Another one may have begun meanwhile, where there were too many of them.
      if (outcomes.get(key) === begun) outcomes.delete(key);
    }),
  };
  outcomes.set(key, begun);
  const ended = () => {
    begun.askers = null;
  };
  begun.outcome.then(ended, ended);
  return begun.outcome;
}

/**
 * Begins again where all askers had left when its turn came, and another has asked since: in the name of one who is there, and with the time of
 * their question. `forget` comes in the same moment as the decision to fail: who asks later begins a new one, and is not given the failure of
 * those who left.
 */
async function whileAsked(askers: NonNullable<Asked['askers']>, forget: () => void): Promise<ModelOutcome> {
  const isGone = () => askers.every(({ asker }) => asker.isGone());
  for (;;) {
    const { asker, run } = askers.find((one) => !one.asker.isGone()) ?? (askers[0] as (typeof askers)[number]);
    try {
      return await run({ key: asker.key, isGone });
    } catch (cause) {
      if (cause instanceof NobodyWaits && !isGone()) continue;
      forget();
      throw cause;
    }
  }
}
