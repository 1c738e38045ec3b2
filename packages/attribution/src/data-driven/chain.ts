/** The chain of states behind transition counts, as flows: numbers of traversals, not probabilities. */
import { TributaryError } from '@tributary/model/errors';
import { byCodePoint, canonicalTransitions, channelsOf, type Reward, SEPARATOR, type Transition } from './counts.ts';

/** States that one inverse takes about 2 s for, and 50 MB. */
export const MOST_STATES = 1_500;

export interface Chain {
  /** Every channel of the counts, sorted. */
  readonly channels: readonly string[];
  /** The live states, as indices into `channels`: those that journeys reach, and from which they end. */
  readonly states: readonly (readonly number[])[];
  /** Row-major: one row a state; a column a state, then the reward (may be negative), then all flow that leaves the chain. */
  readonly flow: Float64Array;
  /** `states.length + 2` */
  readonly stride: number;
  /** Journeys by their first state. */
  readonly starts: Float64Array;
  /** Conversions by their last state. */
  readonly conversions: Float64Array;
  readonly journeys: number;
  /** Sum of the reward: conversions, or their value. */
  readonly total: number;
}

/**
 * The chain of the counts, states in canonical order. States that no journey reaches are left out. A state from which no
 * journey ends never converts: flow into it leaves the chain as a null does. Counts need not balance (bootstrap draws do not).
 * Errors: `invalid_counts`, `too_many_states` beyond `mostStates` live states.
 */
export function chainOf(transitions: readonly Transition[], reward: Reward, mostStates: number): Chain {
  const rows = canonicalTransitions(transitions).filter(({ from, to }) => from.length + to.length > 0);
  const channels = channelsOf(rows);
  const live = liveStates(rows);
  if (live.length > mostStates) {
    throw new TributaryError(
      'too_many_states',
      `The counts have ${live.length} states; the model takes ${mostStates} at the most.`,
    );
  }
  const indexOf = new Map(live.map((key, i) => [key, i]));
  const stride = live.length + 2;
  const chain = {
    flow: new Float64Array(live.length * stride),
    starts: new Float64Array(live.length),
    conversions: new Float64Array(live.length),
    journeys: 0,
    total: 0,
  };
  for (const row of rows) {
    const traversals = row.conversions + row.nulls;
    const to = indexOf.get(keyOf(row.to));
    if (row.from.length === 0) {
      chain.journeys += traversals;
      if (to !== undefined) chain.starts[to] = traversals;
      continue;
    }
    if (row.to.length === 0) chain.total += row[reward];
    const from = indexOf.get(keyOf(row.from));
    if (from === undefined) continue;
    const at = from * stride;
    // A loop of a state onto itself stays on the diagonal, which nothing reads: it changes neither where journeys go nor their end.
    if (to !== undefined) chain.flow[at + to] = traversals;
    else chain.flow[at + stride - 1] = (chain.flow[at + stride - 1] as number) + traversals;
    if (row.to.length > 0) continue;
    chain.flow[at + stride - 2] = row[reward];
    chain.conversions[from] = row.conversions;
  }
  const place = new Map(channels.map((channel, i) => [channel, i]));
  const states = live.map((key) => key.split(SEPARATOR).map((channel) => place.get(channel) as number));
  return { channels, states, stride, ...chain };
}

const keyOf = (state: readonly string[]) => state.join(SEPARATOR);

/** Keys of the states that lie on a way from the start to an end, sorted. */
function liveStates(rows: readonly Transition[]): string[] {
  const walked = rows.filter(({ conversions, nulls }) => conversions + nulls > 0);
  const edges = walked.map(({ from, to }) => [keyOf(from), keyOf(to)] as const);
  const reached = closure(edges);
  const ending = closure(edges.map(([from, to]) => [to, from] as const));
  return [...reached].filter((key) => key !== '' && ending.has(key)).sort(byCodePoint);
}

/** Everything that can be reached from `''` (start, or backwards: end). */
function closure(edges: readonly (readonly [from: string, to: string])[]): Set<string> {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) {
    const all = next.get(from);
    if (all === undefined) next.set(from, [to]);
    else all.push(to);
  }
  const found = new Set<string>();
  const open = next.get('')?.slice() ?? [];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (key === '' || found.has(key)) continue;
    found.add(key);
    for (const each of next.get(key) ?? []) open.push(each);
  }
  return found;
}
