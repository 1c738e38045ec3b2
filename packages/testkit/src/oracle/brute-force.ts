/**
 * What the data-driven models must equal: their definitions, computed the long way from whole paths. Shares nothing with the
 * models but the shape of a path, so that no mistake can be made twice.
 */

export interface Journeys {
  readonly path: readonly string[];
  readonly conversions: number;
  readonly value: number;
  readonly nulls: number;
}

/** Conversions, or their value, among the journeys of one path. */
type Reward = 'conversions' | 'value';

/** The mean marginal contribution of each player over all n! orders in which they can arrive. */
export function bruteForceShapley<Player>(
  players: readonly Player[],
  value: (coalition: ReadonlySet<Player>) => number,
): number[] {
  const sums = players.map(() => 0);
  let orders = 0;
  for (const order of permutations(players)) {
    orders++;
    const coalition = new Set<Player>();
    for (const player of order) {
      const before = value(coalition);
      coalition.add(player);
      const at = players.indexOf(player);
      sums[at] = (sums[at] as number) + value(new Set(coalition)) - before;
    }
  }
  return sums.map((effects) => effects / orders);
}

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length === 0) yield [];
  for (const [i, first] of items.entries())
    for (const rest of permutations([...items.slice(0, i), ...items.slice(i + 1)])) yield [first, ...rest];
}

/** v(S) of the sum game: what is won by journeys that touch channels of S only. */
export function bruteForceSum(paths: readonly Journeys[], reward: Reward, within: ReadonlySet<string>): number {
  return sum(paths.filter(({ path }) => path.every((channel) => within.has(channel))).map((journeys) => journeys[reward]));
}

/** v(S) of the rate game: the same a journey, among those journeys. */
export function bruteForceRate(paths: readonly Journeys[], reward: Reward, within: ReadonlySet<string>): number {
  const inside = paths.filter(({ path }) => path.every((channel) => within.has(channel)));
  const journeys = sum(inside.map(({ conversions, nulls }) => conversions + nulls));
  return journeys === 0 ? 0 : sum(inside.map((row) => row[reward])) / journeys;
}

/**
 * Expected reward a journey in the Markov chain of `order` when channels outside `within` lead nowhere (null: none does):
 * the chain is written down with those states replaced by null, and iterated until it has settled.
 */
export function bruteForceChain(
  paths: readonly Journeys[],
  order: number,
  reward: Reward,
  within: ReadonlySet<string> | null = null,
): number {
  const out = new Map<string, number>();
  const edges = new Map<string, Map<string, number>>();
  const won = new Map<string, number>();
  const add = (map: Map<string, number>, key: string, amount: number) => map.set(key, (map.get(key) ?? 0) + amount);
  for (const { path, conversions, nulls, ...rest } of paths) {
    if (path.length === 0) continue;
    const grams = path.length <= order ? [path] : path.slice(order - 1).map((_, i) => path.slice(i, i + order));
    const names = ['start', ...grams.map((gram) => JSON.stringify(gram))];
    for (const [i, name] of names.entries()) {
      add(out, name, conversions + nulls);
      const next = names[i + 1];
      if (next === undefined) add(won, name, reward === 'value' ? rest.value : conversions);
      else {
        if (!edges.has(name)) edges.set(name, new Map());
        add(edges.get(name) as Map<string, number>, next, conversions + nulls);
      }
    }
  }
  const leadsNowhere = (name: string) =>
    name !== 'start' && within !== null && !(JSON.parse(name) as string[]).every((channel) => within.has(channel));
  let expected = new Map<string, number>();
  for (let sweep = 0; sweep < 100_000; sweep++) {
    const next = new Map<string, number>();
    let moved = 0;
    for (const [name, leaving] of out) {
      let total = won.get(name) ?? 0;
      for (const [to, count] of edges.get(name) ?? []) total += count * (next.get(to) ?? expected.get(to) ?? 0);
      const now = leaving === 0 || leadsNowhere(name) ? 0 : total / leaving;
      moved = Math.max(moved, Math.abs(now - (expected.get(name) ?? 0)) / Math.max(1, Math.abs(now)));
      next.set(name, now);
    }
    expected = next;
    if (moved < 1e-16) break;
  }
  return expected.get('start') ?? 0;
}

/** `1 − (expected reward without the channel) / (expected reward)`; 0 where there is none. */
export function bruteForceRemoval(paths: readonly Journeys[], order: number, reward: Reward, channel: string): number {
  const whole = bruteForceChain(paths, order, reward);
  const others = new Set(paths.flatMap(({ path }) => path).filter((other) => other !== channel));
  return whole === 0 ? 0 : 1 - bruteForceChain(paths, order, reward, others) / whole;
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
