/** Seeded draws have the distributions that they claim: moments within five standard errors, and the shape itself. */
import { describe, expect, it } from 'vitest';
import { createRandom, poisson, shuffle } from './random.ts';

const DRAWS = 200_000;

function moments(draw: () => number): { mean: number; variance: number } {
  const samples = Float64Array.from({ length: DRAWS }, draw);
  const mean = samples.reduce((sum, x) => sum + x, 0) / DRAWS;
  return { mean, variance: samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (DRAWS - 1) };
}

describe('seeded draws', () => {
  it('are the same on every machine', () => {
    const random = createRandom(1);
    expect([random(), random(), random()]).toEqual([0.6273321625015092, 0.3658219768862453, 0.1635544200702198]);
  });

  it('differ between seeds, also those beyond 32 bits', () => {
    const firsts = [0, 1, 2, -1, 2 ** 32, 2 ** 33, 1.5 * 2 ** 40].map((seed) => createRandom(seed)());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('uniform: in (0, 1), mean 1/2, variance 1/12', () => {
    const random = createRandom(3);
    const { mean, variance } = moments(random);
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / DRAWS));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002);
  });

  it.each([0, 0.3, 3, 9.99, 10, 47, 1e3, 1e6])('Poisson of mean %d has that mean and variance', (expected) => {
    const random = createRandom(5);
    const { mean, variance } = moments(() => poisson(expected, random));
    expect(Math.abs(mean - expected)).toBeLessThanOrEqual(5 * Math.sqrt(expected / DRAWS));
    expect(Math.abs(variance - expected)).toBeLessThanOrEqual(5 * Math.sqrt((expected + 2 * expected ** 2) / DRAWS));
  });

  it.each([4, 12, 30])('Poisson of mean %d has its probabilities', (mean) => {
    const random = createRandom(7);
    const seen = new Map<number, number>();
    for (let i = 0; i < DRAWS; i++) {
      const k = poisson(mean, random);
      seen.set(k, (seen.get(k) ?? 0) + 1);
    }
    let probability = Math.exp(-mean);
    for (let k = 0; k < 3 * mean; k++) {
      const error = Math.sqrt((probability * (1 - probability)) / DRAWS);
      expect(Math.abs((seen.get(k) ?? 0) / DRAWS - probability), `P(${k})`).toBeLessThanOrEqual(5 * error + 1 / DRAWS);
      probability *= mean / (k + 1);
    }
  });

  it('shuffles: each of the 24 orders of four items about as often', () => {
    const random = createRandom(11);
    const seen = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const items = Int32Array.of(0, 1, 2, 3);
      shuffle(items, random);
      seen.set(items.join(), (seen.get(items.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(24);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });
});
