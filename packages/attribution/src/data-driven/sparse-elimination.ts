/**
 * Elimination of states as in `elimination.ts`, of chains with many states and few ways on from each: only the flows that there are,
 * and those that elimination adds, are kept. States with few ways in and out go first (Markowitz 1957), which adds the fewest.
 */
import { TributaryError } from '@tributary/model/errors';

export interface SparseFlow {
  readonly states: number;
  /** Ways from state to state; a loop onto itself is of no account. */
  readonly edges: readonly { readonly from: number; readonly to: number; readonly amount: number }[];
  /** All flow of each state that leaves the chain. */
  readonly leaving: Float64Array;
}

interface Way {
  readonly to: number;
  readonly amount: number;
}

/** In which order states go, and the ways that are there when one goes: later states that it leads to, earlier ones that led to it. */
export interface Plan {
  readonly order: Int32Array;
  /** All that follows is by place in the order. Ways of the chain as it was. */
  readonly rows: readonly (readonly Way[])[];
  /** Places, ascending. */
  readonly later: readonly Int32Array[];
  readonly earlier: readonly Int32Array[];
  /** Where the ways to later states begin in one array of all. */
  readonly begins: Int32Array;
  /** That array: each elimination writes what it reads. There may be as many eliminations as states. */
  readonly flows: Float64Array;
  /** Multiplications of all eliminations, and what this plan cost. */
  readonly work: number;
}

/**
 * Multiplications of a plan and all its eliminations: 9 s of a core (2.3 ns each). The API gives a model 15 s while others wait
 * (packages/reports/src/runner/runner.ts), so what is begun ends also on a busy core.
 */
export const MOST_WORK = 4e9;

/** What one way that elimination adds costs to plan, in multiplications: 200 ns. */
const PLANNED_WAY = 100;

/** Errors: `too_many_states` where the plan and `times` eliminations would cost more than `mostWork` multiplications. */
export function planOf({ states, edges }: SparseFlow, times: number, mostWork = MOST_WORK): Plan {
  const out = Array.from({ length: states }, () => new Set<number>());
  const into = Array.from({ length: states }, () => new Set<number>());
  for (const { from, to } of edges) {
    if (from === to) continue;
    (out[from] as Set<number>).add(to);
    (into[to] as Set<number>).add(from);
  }
  const left = new Set(out.keys());
  const order: number[] = [];
  const waysOn: number[][] = [];
  const waysIn: number[][] = [];
  let work = 0;
  let isFull = false;
  while (left.size > 0) {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (const state of left) {
      const cost = (out[state] as Set<number>).size * (into[state] as Set<number>).size;
      if (cost < least) [best, least] = [state, cost];
    }
    // What is left leads nearly everywhere: ways that are not there are kept as 0.
    isFull ||= least > 0.3 * left.size ** 2;
    left.delete(best);
    const [ins, ons] = isFull ? [[...left], [...left]] : [[...(into[best] as Set<number>)], [...(out[best] as Set<number>)]];
    work += ins.length * ons.length * (isFull ? times : times + PLANNED_WAY);
    if (work > mostWork)
      throw new TributaryError(
        'too_many_states',
        `the counts must have states that lead to fewer others, so that ${times} eliminations cost at most ${mostWork} multiplications (got ${states} states)`,
      );
    order.push(best);
    waysOn.push(ons);
    waysIn.push(ins);
    for (const to of out[best] as Set<number>) (into[to] as Set<number>).delete(best);
    for (const from of into[best] as Set<number>) {
      const ways = out[from] as Set<number>;
      ways.delete(best);
      if (isFull) continue;
      for (const to of ons) {
        if (to === from) continue;
        ways.add(to);
        (into[to] as Set<number>).add(from);
      }
    }
  }
  const place = new Int32Array(states);
  for (const [at, state] of order.entries()) place[state] = at;
  const earlier: number[][] = order.map(() => []);
  for (const [at, ins] of waysIn.entries()) for (const from of ins) (earlier[place[from] as number] as number[]).push(at);
  const rows: Way[][] = order.map(() => []);
  for (const { from, to, amount } of edges)
    if (from !== to) (rows[place[from] as number] as Way[]).push({ to: place[to] as number, amount });
  const begins = new Int32Array(states + 1);
  for (const [at, ons] of waysOn.entries()) begins[at + 1] = (begins[at] as number) + ons.length;
  return {
    order: Int32Array.from(order),
    rows,
    later: waysOn.map((ons) => Int32Array.from(ons, (state) => place[state] as number).sort()),
    begins,
    flows: new Float64Array(begins[states] as number),
    earlier: earlier.map((places) => Int32Array.from(places)),
    work,
  };
}

/**
 * The reward that is expected from each state on. `rewards`: that flow of each state earns in all. Journeys end where they enter
 * one of `ending`: nothing is expected there, and what `rewards` says of states before must hold what entering them earns.
 */
export function expectedRewards(
  { states, leaving }: Pick<SparseFlow, 'states' | 'leaving'>,
  { order, rows, later, begins, flows, earlier }: Plan,
  rewards: Float64Array,
  ending: ReadonlySet<number> = new Set(),
): Float64Array {
  const isEnd = Uint8Array.from(order, (state) => Number(ending.has(state)));
  const pivots = new Float64Array(states);
  const reward = Float64Array.from(order, (state) => rewards[state] as number);
  const left = Float64Array.from(order, (state) => leaving[state] as number);
  const row = new Float64Array(states);
  for (let i = 0; i < states; i++) {
    const ons = later[i] as Int32Array;
    if (isEnd[i] === 1) continue;
    for (const { to, amount } of rows[i] as Way[]) {
      if (isEnd[to] === 1) left[i] = (left[i] as number) + amount;
      else row[to] = amount;
    }
    for (const k of earlier[i] as Int32Array) {
      const entering = row[k] as number;
      row[k] = 0;
      if (entering === 0) continue;
      const multiplier = entering / (pivots[k] as number);
      const to = later[k] as Int32Array;
      const begin = begins[k] as number;
      for (let at = 0; at < to.length; at++) {
        const j = to[at] as number;
        row[j] = (row[j] as number) + multiplier * (flows[begin + at] as number);
      }
      reward[i] = (reward[i] as number) + multiplier * (reward[k] as number);
      left[i] = (left[i] as number) + multiplier * (left[k] as number);
    }
    let pivot = left[i] as number;
    row[i] = 0;
    for (let at = 0; at < ons.length; at++) {
      const j = ons[at] as number;
      flows[(begins[i] as number) + at] = row[j] as number;
      pivot += row[j] as number;
      row[j] = 0;
    }
    pivots[i] = pivot;
  }
  const expected = new Float64Array(states);
  for (let i = states - 1; i >= 0; i--) {
    if (isEnd[i] === 1) continue;
    let sum = reward[i] as number;
    const ons = later[i] as Int32Array;
    const begin = begins[i] as number;
    for (let at = 0; at < ons.length; at++)
      sum += (flows[begin + at] as number) * (expected[order[ons[at] as number] as number] as number);
    expected[order[i] as number] = sum / (pivots[i] as number);
  }
  return expected;
}
