/**
 * What reaches the reward when only some channels let journeys through: for every set of channels, and along an order of them.
 *
 * Taking a state out of the chain (`eliminate`) lets journeys pass through it; a state that stays swallows them. Once exactly
 * the states of the set S are out, the flow from the start to the reward is v(S). One elimination in the order of a
 * permutation gives v of all its prefixes; the 2ⁿ sets are the leaves of a binary tree that shares their eliminations.
 */
import type { DenseChain } from './chain.ts';
import { eliminate } from './elimination.ts';
import type { Walk } from './shapley.ts';

/** v of the first 1, 2, … channels of an order. `chain` is left as it is. */
export function walkOf(chain: DenseChain): Walk {
  const { states, stride, journeys } = chain;
  const n = states.length;
  const scratch = new Float64Array((n + 1) * stride);
  const placeOf = new Int32Array(chain.channels.length);
  return (order, values) => {
    for (let at = 0; at < order.length; at++) placeOf[order[at] as number] = at;
    const { sequence, first } = sequenced(states, placeOf);
    arrange(chain, sequence, scratch);
    for (let at = 0; at < order.length; at++) {
      for (let k = first[at] as number; k < (first[at + 1] as number); k++) eliminate(scratch, stride, n, n + 1, k);
      values[at] = journeys === 0 ? 0 : (scratch[n * stride + n] as number) / journeys;
    }
  };
}

/** v of all sets of channels, as an array by bit mask, and what it costs in multiplications. At most 20 channels. */
export function treeOf(chain: DenseChain): { work: number; values: () => Float64Array } {
  const players = chain.channels.length;
  const n = chain.states.length;
  const { sequence, first } = sequenced(chain.states, Int32Array.from(chain.channels.keys()));
  // State k is taken out in every branch that chose all of its channels; every branch copies what is left to decide.
  let work = 0;
  for (const [k, state] of sequence.entries()) {
    const channels = chain.states[state] as readonly number[];
    work += 2 ** (Math.max(...channels) + 1 - new Set(channels).size) * (n + 1 - k) ** 2;
  }
  for (let depth = 0; depth < players; depth++) work += 2 ** (depth + 1) * (n + 1 - (first[depth] as number)) ** 2;
  return { work, values: () => valuesOf(chain, sequence, first) };
}

function valuesOf(chain: DenseChain, sequence: Int32Array, first: Int32Array): Float64Array {
  const { stride, journeys } = chain;
  const players = chain.channels.length;
  const n = chain.states.length;
  const masks = Array.from(sequence, (state) =>
    (chain.states[state] as readonly number[]).reduce((mask, i) => mask | (1 << i), 0),
  );
  const root = new Float64Array((n + 1) * stride);
  arrange(chain, sequence, root);
  const levels = Array.from({ length: players }, () => new Float64Array(root.length));
  const values = new Float64Array(2 ** players);
  // Depth d decides channel d, and with it every state whose last channel it is: they pass, or swallow what enters them.
  const descend = (depth: number, mask: number, source: Float64Array): void => {
    if (depth === players) {
      values[mask] = journeys === 0 ? 0 : (source[n * stride + n] as number) / journeys;
      return;
    }
    const level = levels[depth] as Float64Array;
    const from = first[depth] as number;
    for (const chosen of [mask, mask | (1 << depth)]) {
      for (let row = from; row <= n; row++)
        level.set(source.subarray(row * stride + from, (row + 1) * stride), row * stride + from);
      for (let k = from; k < (first[depth + 1] as number); k++) {
        if (((masks[k] as number) & ~chosen) === 0) eliminate(level, stride, n, n + 1, k);
        else swallow(level, stride, n + 1, k);
      }
      descend(depth + 1, chosen, level);
    }
  };
  descend(0, 0, root);
  return values;
}

/** What enters state k leaves the chain there. */
function swallow(flow: Float64Array, stride: number, rows: number, k: number): void {
  for (let i = k + 1; i < rows; i++) {
    const end = (i + 1) * stride - 1;
    flow[end] = (flow[end] as number) + (flow[i * stride + k] as number);
  }
}

/** States by the place of their last channel; those of place p lie in `[first[p], first[p + 1])`. */
function sequenced(states: DenseChain['states'], placeOf: Int32Array): { sequence: Int32Array; first: Int32Array } {
  const first = new Int32Array(placeOf.length + 1);
  const places = states.map((state) => {
    let last = 0;
    for (const channel of state) last = Math.max(last, placeOf[channel] as number);
    first[last + 1] = (first[last + 1] as number) + 1;
    return last;
  });
  for (let place = 0; place < placeOf.length; place++) first[place + 1] = (first[place + 1] as number) + (first[place] as number);
  const next = first.slice();
  const sequence = new Int32Array(states.length);
  for (const [state, last] of places.entries()) {
    sequence[next[last] as number] = state;
    next[last] = (next[last] as number) + 1;
  }
  return { sequence, first };
}

/** The flows with states in sequence, and the start as the last row. */
function arrange({ flow, starts, stride }: DenseChain, sequence: Int32Array, target: Float64Array): void {
  const n = sequence.length;
  for (let i = 0; i <= n; i++) {
    const source = i < n ? (sequence[i] as number) * stride : 0;
    const at = i * stride;
    for (let j = 0; j < n; j++)
      target[at + j] = (i < n ? flow[source + (sequence[j] as number)] : starts[sequence[j] as number]) as number;
    target[at + n] = i < n ? (flow[source + n] as number) : 0;
    target[at + n + 1] = i < n ? (flow[source + n + 1] as number) : 0;
  }
}
