/**
 * Markov removal effects of order k, exact: from one inverse, of chains with many states by sparse elimination.
 *
 * `RE_j = 1 − P(conversion | every state containing j leads nowhere) / P(conversion)`. With N the expected visits, h the
 * probability of conversion from each state and A the states containing j, the journeys that go through it are those that
 * ever enter A: `f = N[s, A] · N[A, A]⁻¹` is where they enter it first, and `RE_j = f · h[A] / h[s]`. For a single state this
 * is `N[s, j] · h[j] / (N[j, j] · h[s])` (Anderl et al. 2016 define the effect; the reference verified the identity).
 * For value, the reward of a conversion is its value given the last state, and h the expected value.
 */
import { type Chain, chainOf, denseOf, MOST_DENSE_STATES } from './chain.ts';
import type { ModelResult, Reward, Transition } from './counts.ts';
import { invert } from './elimination.ts';
import { withShares } from './shares.ts';
import { solve } from './solve.ts';
import { expectedRewards, planOf } from './sparse-elimination.ts';

/** An inverse of more would take a minute and 400 MB. */
export const MOST_SPARSE_STATES = 5_000;

export interface MarkovResult extends ModelResult {
  /** Touches in a state. */
  readonly order: number;
  /** States of the chain, start and ends not counted. */
  readonly states: number;
  readonly journeys: number;
  /** How probable a conversion is, as the chain has it; equals conversions / journeys where the counts are of whole journeys. */
  readonly probability: number;
}

/**
 * Removal effects of every channel of the counts. All are 0 without conversions (or with values that sum to 0); a channel on
 * no way to a conversion has 0, an only channel 1. With values of both signs an effect may lie outside [0, 1].
 * The order is that of the counts: `lowerOrder` gives the counts of a lower one.
 * Errors: `invalid_counts`; `too_many_states` above `MOST_SPARSE_STATES`, or where elimination would take too long.
 */
export function markov(transitions: readonly Transition[], { reward = 'conversions' }: { reward?: Reward } = {}): MarkovResult {
  const chain = chainOf(transitions, reward, MOST_SPARSE_STATES);
  const { channels, states, journeys, total } = chain;
  const { whole, magnitude, through, converted } = expectedIn(chain)(chain.rewards);
  // Values of both signs may sum to 0: what is left then is rounding, and no part of it means anything.
  const nothing = Math.abs(whole) <= 1e-12 * magnitude;
  return {
    channels: withShares(channels.map((channel, i) => [channel, nothing ? 0 : through(i) / whole])),
    total,
    order: states.reduce((longest, state) => Math.max(longest, state.length), 1),
    states: states.length,
    journeys,
    probability: journeys === 0 ? 0 : converted / journeys,
  };
}

export interface Expected {
  /** Reward of all journeys. */
  readonly whole: number;
  /** The same with every reward taken as positive. */
  readonly magnitude: number;
  readonly converted: number;
  /** Reward of the journeys that ever enter a state with the channel. */
  through(channel: number): number;
}

function blocksOf({ channels, states }: Chain): number[][] {
  return channels.map((_, channel) => states.flatMap((state, i) => (state.includes(channel) ? [i] : [])));
}

/** By the rewards of its states: several kinds of reward have one inverse in common. */
export function expectedIn(chain: Chain): (rewards: Float64Array) => Expected {
  return chain.states.length <= MOST_DENSE_STATES ? byInverse(chain) : byElimination(chain);
}

export function byInverse(chain: Chain): (rewards: Float64Array) => Expected {
  const { starts } = chain;
  const n = starts.length;
  const { flow, stride } = denseOf(chain);
  const inverse = invert(flow, stride, n);
  const visits = timesMatrix(starts, inverse);
  const blocks = blocksOf(chain);
  return (rewards) => {
    const expected = matrixTimes(inverse, rewards);
    return {
      whole: dot(visits, rewards),
      magnitude: dot(visits, rewards.map(Math.abs)),
      converted: dot(visits, chain.conversions),
      through: (channel) => throughIn(blocks[channel] as number[], inverse, n, visits, expected),
    };
  };
}

/** Journeys that enter a block of states earn there what is expected from where they enter it: a chain that ends in the block. */
export function byElimination(chain: Chain): (rewards: Float64Array) => Expected {
  const { starts, edges, leaving } = chain;
  const blocks = blocksOf(chain);
  const sparse = { states: starts.length, edges, leaving };
  const plan = planOf(sparse, blocks.length + 3);
  const allOf = (rewards: Float64Array) => dot(starts, expectedRewards(sparse, plan, rewards));
  return (rewards) => {
    const expected = expectedRewards(sparse, plan, rewards);
    const whole = dot(starts, expected);
    return {
      whole,
      magnitude: rewards.every((reward) => reward >= 0) ? whole : allOf(rewards.map(Math.abs)),
      converted: allOf(chain.conversions),
      through(channel) {
        const block = new Set(blocks[channel]);
        const entering = new Float64Array(starts.length);
        for (const { from, to, amount } of edges)
          if (block.has(to) && !block.has(from)) entering[from] = (entering[from] as number) + amount * (expected[to] as number);
        const before = expectedRewards(sparse, plan, entering, block);
        return starts.reduce((sum, amount, i) => sum + amount * ((block.has(i) ? expected[i] : before[i]) as number), 0);
      },
    };
  };
}

/** Expected reward of the journeys that ever enter the block of states. */
function throughIn(block: number[], inverse: Float64Array, n: number, visits: Float64Array, expected: Float64Array): number {
  if (block.length === 0) return 0;
  const size = block.length;
  const within = new Float64Array(size * size);
  for (const [a, i] of block.entries()) for (const [b, j] of block.entries()) within[a * size + b] = inverse[i * n + j] as number;
  const firstOf = solve(
    within,
    Float64Array.from(block, (i) => expected[i] as number),
  );
  return block.reduce((sum, i, at) => sum + (visits[i] as number) * (firstOf[at] as number), 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}

function matrixTimes(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  return vector.map((_, i) => dot(matrix.subarray(i * n, (i + 1) * n), vector));
}

function timesMatrix(vector: Float64Array, matrix: Float64Array): Float64Array {
  const n = vector.length;
  const product = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const factor = vector[i] as number;
    if (factor !== 0) for (let j = 0; j < n; j++) product[j] = (product[j] as number) + factor * (matrix[i * n + j] as number);
  }
  return product;
}
