import { expect, test } from 'vitest';
import { chainOf } from './chain.ts';
import type { PathCount } from './counts.ts';
import { byElimination, byInverse, type Expected, markov } from './markov.ts';
import { transitionsOfPaths } from './path-counts.ts';
import { createRandom } from './random.ts';
import { planOf } from './sparse-elimination.ts';

/** Journeys over twelve channels, the small ones rare: at order 4 nearly every state leads to one other. */
function journeys(count: number, seed = 1): PathCount[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const path = [];
    do path.push(`channel ${Math.floor(12 * random() ** 2)}`);
    while (random() < 0.7 && path.length < 40);
    const conversions = Number(random() < 0.2);
    return { path, conversions, nulls: 1 - conversions, value: conversions * Math.floor(random() * 1_000 - 100) };
  });
}

test.each([1, 2, 3, 4])('order %i: elimination says what the inverse says, by conversions and by value', (order) => {
  for (const reward of ['conversions', 'value'] as const)
    for (const seed of [1, 2, 3]) {
      const chain = chainOf(transitionsOfPaths(journeys(400, seed), order), reward, 5_000);
      const [sparse, dense] = [byElimination(chain), byInverse(chain)].map((of) => of(chain.rewards)) as [Expected, Expected];
      for (const measure of ['whole', 'magnitude', 'converted'] as const)
        expect(sparse[measure] / dense[measure]).toBeCloseTo(1, 11);
      for (const i of chain.channels.keys())
        expect(Math.abs(sparse.through(i) - dense.through(i)) / dense.magnitude).toBeLessThan(1e-11);
    }
});

test('what it costs to plan is bounded as well as what follows', () => {
  const { starts, edges, leaving } = chainOf(transitionsOfPaths(journeys(400), 2), 'conversions', 5_000);
  const flow = { states: starts.length, edges, leaving };
  const [one, two] = [planOf(flow, 1), planOf(flow, 2)];
  // Two eliminations cost one more than one does, and planning a way costs more than any multiplication.
  const elimination = two.work - one.work;
  expect(elimination).toBeGreaterThan(flow.states);
  expect(one.work).toBeGreaterThan(10 * elimination);
  expect(planOf(flow, 1, one.work)).toEqual(one);
  expect(() => planOf(flow, 1, one.work - 1)).toThrow(/must have states that lead to fewer others/);
});

test('a chain of 3 975 states takes seconds, one of more than 5 000 is refused', () => {
  const large = transitionsOfPaths(journeys(4_600), 4);
  const { states, channels, probability, total, journeys: all } = markov(large);
  expect(states).toBeGreaterThan(3_900);
  expect(states).toBeLessThan(5_000);
  expect(channels).toHaveLength(12);
  expect(probability).toBeCloseTo(total / all, 12);
  expect(() => markov(transitionsOfPaths(journeys(20_000), 4))).toThrow(/must have at most 5000 states \(got /);
});
