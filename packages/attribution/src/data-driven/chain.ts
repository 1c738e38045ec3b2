/** The chain of states behind transition counts, as flows: numbers of traversals, not probabilities. */
import { byCodePoint } from '@tributary/model/code-points';
import { TributaryError } from '@tributary/model/errors';
import { canonicalTransitions, channelsOf, type Reward, SEPARATOR, type Transition } from './counts.ts';

/** States that are held as one matrix: an inverse of them takes about 2 s and 50 MB. Removal effects of more are found by sparse elimination. */
export const MOST_DENSE_STATES = 1_500;

export interface Chain {
  /** Every channel of the counts, sorted. */
  readonly channels: readonly string[];
  /** The live states, as indices into `channels`: those that journeys reach, and from which they end. */
  readonly states: readonly (readonly number[])[];
  /** Flow from live state to live state. A loop of a state onto itself changes neither where journeys go nor their end. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly amount: number }[];
  /** By state; may be negative. */
  readonly rewards: Float64Array;
  /** All flow of each state that leaves the chain. */
  readonly leaving: Float64Array;
  /** Journeys by their first state. */
  readonly starts: Float64Array;
  /** Conversions by their last state. */
  readonly conversions: Float64Array;
  readonly journeys: number;
  /** Sum of the reward: conversions, or their value. */
  readonly total: number;
}

/** With all flows in one matrix. */
export interface DenseChain extends Chain {
  /** Row-major: one row a state; a column a state (nothing reads the diagonal), then the reward, then all flow that leaves the chain. */
  readonly flow: Float64Array;
  /** `states.length + 2` */
  readonly stride: number;
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
    throw new TributaryError('too_many_states', `the counts must have at most ${mostStates} states (got ${live.length})`);
  }
  const indexOf = new Map(live.map((key, i) => [key, i]));
  const [rewards, leaving, starts, conversions] = Array.from({ length: 4 }, () => new Float64Array(live.length)) as [
    ...[Float64Array, Float64Array, Float64Array, Float64Array],
  ];
  const edges: { from: number; to: number; amount: number }[] = [];
  let journeys = 0;
  let total = 0;
  for (const row of rows) {
    const amount = row.conversions + row.nulls;
    const to = indexOf.get(keyOf(row.to));
    if (row.from.length === 0) {
      journeys += amount;
      if (to !== undefined) starts[to] = amount;
      continue;
    }
    if (row.to.length === 0) total += row[reward];
    const from = indexOf.get(keyOf(row.from));
    if (from === undefined) continue;
    if (to !== undefined) edges.push({ from, to, amount });
    else leaving[from] = (leaving[from] as number) + amount;
    if (row.to.length > 0) continue;
    rewards[from] = row[reward];
    conversions[from] = row.conversions;
  }
  const place = new Map(channels.map((channel, i) => [channel, i]));
  const states = live.map((key) => key.split(SEPARATOR).map((channel) => place.get(channel) as number));
  return { channels, states, edges, rewards, leaving, starts, conversions, journeys, total };
}

export function denseOf(chain: Chain): DenseChain {
  const { states, edges, rewards, leaving } = chain;
  const stride = states.length + 2;
  const flow = new Float64Array(states.length * stride);
  for (const { from, to, amount } of edges) flow[from * stride + to] = amount;
  for (let i = 0; i < states.length; i++) {
    flow[i * stride + stride - 2] = rewards[i] as number;
    flow[i * stride + stride - 1] = leaving[i] as number;
  }
  return { ...chain, flow, stride };
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
