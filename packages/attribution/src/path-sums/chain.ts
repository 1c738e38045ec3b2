/** The chain of states of one set of paths, for counts that change with every draw: names are looked up once. */

import { byCodePoint } from '@tributary/model/code-points';
import { TributaryError } from '@tributary/model/errors';
import type { Chain } from '../data-driven/chain.ts';
import { type Reward, SEPARATOR } from '../data-driven/counts.ts';
import { expectedIn, MOST_SPARSE_STATES } from '../data-driven/markov.ts';
import { transitionsOfPath } from '../data-driven/path-counts.ts';
import type { EffectsOfSums, PathsInput } from './path-sums.ts';

/** Removal effects. Errors: `too_many_states`. */
export function removalEffects({ paths, channels, order }: PathsInput): EffectsOfSums {
  const names = new Map<string, number>();
  const members: number[][] = [];
  const place = new Map(channels.map((channel, i) => [channel, i]));
  const stateOf = (state: readonly string[]) => {
    const key = state.join(SEPARATOR);
    let at = names.get(key);
    if (at === undefined) {
      names.set(key, (at = names.size));
      members.push(state.map((channel) => place.get(channel) as number));
    }
    return at;
  };
  const edges = new Map<number, number>();
  const walks = paths.map(({ path }) => {
    const steps = transitionsOfPath(path, order).filter((step) => step.to.length > 0);
    const visited = steps.map((step) => stateOf(step.to));
    return visited;
  });
  const states = names.size;
  if (states > MOST_SPARSE_STATES)
    throw new TributaryError('too_many_states', `the counts must have at most ${MOST_SPARSE_STATES} states (got ${states})`);
  // Canonical: the sums of a state do not depend on which path came first.
  const sorted = [...names.keys()].sort(byCodePoint);
  const rank = new Int32Array(states);
  for (const [at, key] of sorted.entries()) rank[names.get(key) as number] = at;
  const stateMembers = sorted.map((key) => members[names.get(key) as number] as number[]);
  const first = Int32Array.from(walks, (walk) => rank[walk[0] as number] as number);
  const last = Int32Array.from(walks, (walk) => rank[walk.at(-1) as number] as number);
  const stepsOf = walks.map((walk) =>
    Int32Array.from(walk.slice(1), (state, i) => {
      const key = (rank[walk[i] as number] as number) * states + (rank[state] as number);
      let at = edges.get(key);
      if (at === undefined) edges.set(key, (at = edges.size));
      return at;
    }),
  );
  const stepBegins = new Int32Array(stepsOf.length + 1);
  for (const [path, own] of stepsOf.entries()) stepBegins[path + 1] = (stepBegins[path] as number) + own.length;
  const steps = Int32Array.from(stepsOf.flatMap((own) => [...own]));
  const keys = [...edges.keys()];
  const from = Int32Array.from(keys, (key) => Math.floor(key / states));
  const to = Int32Array.from(keys, (key) => key % states);
  const amounts = new Float64Array(keys.length);

  return (sums) => {
    const empty = () => new Float64Array(states);
    const [starts, leaving, conversions, values] = [empty(), empty(), empty(), empty()];
    amounts.fill(0);
    for (let path = 0; path < first.length; path++) {
      const converted = sums.conversions[path] as number;
      const journeys = converted + (sums.nulls[path] as number);
      if (journeys === 0) continue;
      const [begin, end] = [first[path] as number, last[path] as number];
      starts[begin] = (starts[begin] as number) + journeys;
      leaving[end] = (leaving[end] as number) + journeys;
      conversions[end] = (conversions[end] as number) + converted;
      values[end] = (values[end] as number) + (sums.value[path] as number);
      for (let at = stepBegins[path] as number; at < (stepBegins[path + 1] as number); at++) {
        const edge = steps[at] as number;
        amounts[edge] = (amounts[edge] as number) + journeys;
      }
    }
    return effectsOf(liveChain({ states, stateMembers, from, to, amounts, starts, leaving, conversions, values }, channels));
  };
}

interface Counted {
  readonly states: number;
  readonly stateMembers: readonly (readonly number[])[];
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly amounts: Float64Array;
  readonly starts: Float64Array;
  readonly leaving: Float64Array;
  readonly conversions: Float64Array;
  readonly values: Float64Array;
}

type Live = { readonly chain: Chain; readonly rewards: Readonly<Record<Reward, Float64Array>> };

/** Draws are of whole journeys: a state that was reached is one from which they end. Others are left out. */
function liveChain(counted: Counted, channels: readonly string[]): Live {
  const { states, from, to, amounts } = counted;
  const visits = Float64Array.from(counted.starts);
  for (let edge = 0; edge < amounts.length; edge++)
    visits[to[edge] as number] = (visits[to[edge] as number] as number) + (amounts[edge] as number);
  const live: number[] = [];
  const place = new Int32Array(states).fill(-1);
  for (let state = 0; state < states; state++) if ((visits[state] as number) > 0) place[state] = live.push(state) - 1;
  const kept = (of: Float64Array) => Float64Array.from(live, (state) => of[state] as number);
  const edges: { from: number; to: number; amount: number }[] = [];
  for (let edge = 0; edge < amounts.length; edge++) {
    const amount = amounts[edge] as number;
    if (amount > 0) edges.push({ from: place[from[edge] as number] as number, to: place[to[edge] as number] as number, amount });
  }
  const conversions = kept(counted.conversions);
  const chain = {
    channels,
    states: live.map((state) => counted.stateMembers[state] as readonly number[]),
    edges,
    rewards: conversions,
    leaving: kept(counted.leaving),
    starts: kept(counted.starts),
    conversions,
    journeys: 0,
    total: 0,
  };
  return { chain, rewards: { conversions, value: kept(counted.values) } };
}

function effectsOf({ chain, rewards }: Live): (reward: Reward) => Float64Array {
  const expected = expectedIn(chain);
  return (reward) => {
    const { whole, magnitude, through } = expected(rewards[reward]);
    const effects = new Float64Array(chain.channels.length);
    if (Math.abs(whole) <= 1e-12 * magnitude) return effects;
    for (let i = 0; i < effects.length; i++) effects[i] = through(i) / whole;
    return effects;
  };
}
