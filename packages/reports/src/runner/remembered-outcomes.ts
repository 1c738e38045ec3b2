/**
 * Outcomes of models, remembered under the counts that they were computed from: while nothing new was counted, a dashboard that
 * asks again is answered at once, and requests that come together share one run. They go when the counts go.
 *
 * A run goes on for as long as one of those who ask for it has time left, and each of them is answered when their own time is over.
 */
import type { ModelOutcome } from '@tributary/attribution/models/shared-models';
import { TributaryError } from '@tributary/model/errors';
import { LATE, type ModelAsker, NobodyWaits } from './runner.ts';

type Run = (asker: ModelAsker) => Promise<ModelOutcome>;

interface Asked {
  readonly outcome: Promise<ModelOutcome>;
  /** Who waits for it, each with a run of their own question; null: it is there, or failed. */
  askers: { readonly asker: ModelAsker; readonly run: Run }[] | null;
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
  asker: ModelAsker,
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
    if (asked.askers === null) return asked.outcome;
    asked.askers.push({ asker, run });
    return inTime(asked.outcome, asker);
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
  return inTime(begun.outcome, asker);
}

function isOver({ untilMs }: ModelAsker): boolean {
  return untilMs !== undefined && performance.now() >= untilMs();
}

/** The outcome, or `model_timeout` once the time of who asks is over, however much others have. */
function inTime(outcome: Promise<ModelOutcome>, { untilMs }: ModelAsker): Promise<ModelOutcome> {
  if (untilMs === undefined) return outcome;
  const { promise, resolve, reject } = Promise.withResolvers<ModelOutcome>();
  const giveUp = () => reject(new TributaryError('model_timeout', LATE));
  const timer = setTimeout(giveUp, Math.max(0, untilMs() - performance.now()));
  outcome.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}

/**
 * Begins again where all askers had left when its turn came, or their time was over, and another has asked since: in the name of one who is there.
 * `forget` comes in the same moment as the decision to fail: who asks later begins a new one, and is not given the failure of those who left.
 */
async function whileAsked(askers: NonNullable<Asked['askers']>, forget: () => void): Promise<ModelOutcome> {
  const isThere = ({ asker }: (typeof askers)[number]) => !asker.isGone() && !isOver(asker);
  const isGone = () => !askers.some(isThere);
  const untilMs = () => Math.max(...askers.filter(isThere).map(({ asker }) => asker.untilMs?.() ?? Number.POSITIVE_INFINITY));
  for (;;) {
    const { asker, run } = askers.find(isThere) ?? (askers[0] as (typeof askers)[number]);
    try {
      return await begin(run, { key: asker.key, isGone, untilMs });
    } catch (cause) {
      if (cause instanceof NobodyWaits && !isGone()) continue;
      forget();
      throw cause;
    }
  }
}

/** A run that throws before there is a promise is rejected as well, when who asks knows it. */
async function begin(run: Run, asker: ModelAsker): Promise<ModelOutcome> {
  return run(asker);
}
