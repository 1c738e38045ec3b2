/**
 * The Markov game: v(S) = probability of conversion when every state with a channel outside S leads nowhere.
 *
 * Computed by elimination: see `coalition-tree.ts`.
 */
import { TributaryError } from '@tributary/model/errors';
import { chainOf, type DenseChain, denseOf, MOST_DENSE_STATES } from './chain.ts';
import { treeOf, walkOf } from './coalition-tree.ts';
import type { Transition } from './counts.ts';
import type { GameOptions, GameResult } from './rate-game.ts';
import { MOST_EXACT, pairsFor, type Sampling, shapleyExact, shapleySampled, type Walk } from './shapley.ts';
import { withShares } from './shares.ts';

/** Multiplications that the exact game may take, and that sampling stops at: one to two seconds. */
const EXACT_WORK = 2e9;
const SAMPLED_WORK = 1e9;
/** Fewer samples say nothing: for these, sampling may take longer, up to about five seconds. */
const FEWEST_PAIRS = 50;
const MOST_WORK = 3e9;

/**
 * Shapley values of the Markov game: exact to 20 channels at order 1 (fewer at higher orders, where states are many), sampled
 * beyond. Effects are probabilities of conversion; with value, expected value a journey.
 * Errors: `invalid_counts`; `too_many_states` where not even 50 samples are affordable.
 */
export function markovGame(transitions: readonly Transition[], options: GameOptions = {}): GameResult {
  const chain = denseOf(chainOf(transitions, options.reward ?? 'conversions', MOST_DENSE_STATES));
  const { channels, total, journeys } = chain;
  const walk = walkOf(chain);
  const all = new Float64Array(channels.length);
  walk(Int32Array.from(channels.keys()), all);
  const { effects, sampling, work } = effectsOf(chain, walk, options);
  return {
    channels: withShares(channels.map((channel, i) => [channel, effects[i] as number])),
    total,
    rate: journeys === 0 ? 0 : (all.at(-1) ?? 0),
    sampling,
    work,
  };
}

function effectsOf(
  chain: DenseChain,
  walk: Walk,
  { seed = 1, delta = 0.05, epsilon = 0 }: GameOptions,
): { effects: Float64Array; sampling: Sampling | null; work: number } {
  const players = chain.channels.length;
  const tree = players <= MOST_EXACT ? treeOf(chain) : null;
  if (tree !== null && tree.work <= EXACT_WORK)
    return { effects: shapleyExact(tree.values(), players), sampling: null, work: tree.work };
  const states = chain.states.length;
  const workOfPair = 2 * (states + 1) ** 2 * (states / 3 + 1);
  if (FEWEST_PAIRS * workOfPair > MOST_WORK)
    throw new TributaryError(
      'too_many_states',
      `the counts must have fewer states for the Markov game of ${players} channels (got ${states})`,
    );
  const range = rangeOf(chain);
  const pairs = Math.max(
    FEWEST_PAIRS,
    Math.min(Math.floor(SAMPLED_WORK / workOfPair), pairsFor(players, { range, epsilon, delta })),
  );
  return { ...shapleySampled(walk, players, { pairs, seed, range, delta }), work: pairs * workOfPair };
}

/** More channels let more through: a marginal contribution lies between the whole of what is lost and the whole of what is won. */
function rangeOf(chain: DenseChain): number {
  const values = new Float64Array(chain.channels.length);
  const reward = chain.states.length;
  const flow = chain.flow.map((amount, at) => (at % chain.stride === reward ? Math.abs(amount) : amount));
  walkOf({ ...chain, flow })(Int32Array.from(chain.channels.keys()), values);
  return values.at(-1) ?? 0;
}
