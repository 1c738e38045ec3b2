/** Definitions that people wrote, whole: what the model reads of them, and what is asked of each user's events. */
import { type Definitions, parseDefinitions } from '@tributary/model/definitions';
import { DAY_MS } from '@tributary/model/time';
import { correctionsOf } from './corrections.ts';
import { countsOf } from './counts.ts';
import { readSignals, type SignalSet } from './read.ts';

type Sha256Hex = (text: string) => string;

/** The one way from a text to definitions that may come into force. Throws `invalid_definitions` that names the place. */
export function readDefinitions(json: string, sha256Hex: Sha256Hex): Definitions {
  const definitions = parseDefinitions(json, sha256Hex);
  signalsOf(definitions, sha256Hex);
  correctionsOf(definitions);
  countsOf(definitions);
  return definitions;
}

const NOTHING: SignalSet = new Map();
const known = new WeakMap<Definitions, SignalSet>();

/**
 * Signals, sessions and segments by name. Stored definitions were checked before they came into force, so they do not throw: a version that
 * adds a kind raises the rules of definitions, at which earlier versions stop (decision 22).
 */
export function signalsOf(definitions: Definitions, sha256Hex: Sha256Hex): SignalSet {
  const { derived, signalRetention } = definitions;
  if (derived === undefined) return NOTHING;
  let set = known.get(definitions);
  if (set === undefined) {
    set = readSignals(derived, Math.round(signalRetention.days * DAY_MS), sha256Hex);
    known.set(definitions, set);
  }
  return set;
}
