/** Beyond 20 channels: the estimate keeps the error bound that it states. */
import { describe, expect, it } from 'vitest';
import type { PathCount } from './counts.ts';
import { hybrid } from './hybrid.ts';
import { markovGame } from './markov-game.ts';
import { coalitionsOfPaths, transitionsOfPaths } from './path-counts.ts';
import { createRandom } from './random.ts';
import { rateGame } from './rate-game.ts';
import { shapleyExact, shapleySampled, type Walk } from './shapley.ts';
import { sumGame } from './sum-game.ts';

function randomPaths(channels: number, rows: number, touches: number, seed: number): PathCount[] {
  const random = createRandom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  return Array.from({ length: rows }, () => {
    const path = Array.from({ length: 1 + below(touches) }, () => `channel ${String(below(channels)).padStart(3, '0')}`);
    const conversions = below(4);
    return { path, conversions, nulls: below(9), value: conversions * (below(200) - 50) };
  });
}
const sum = (channels: readonly { effect: number }[]) => channels.reduce((total, { effect }) => total + effect, 0);

describe('permutation sampling', () => {
  const players = 6;
  const random = createRandom(42);
  const values = Float64Array.from({ length: 2 ** players }, (_, mask) => (mask === 0 ? 0 : random()));
  const walk: Walk = (order, along) => {
    let mask = 0;
    for (let at = 0; at < order.length; at++) along[at] = values[(mask |= 1 << (order[at] as number))] as number;
  };
  const exact = shapleyExact(values, players);

  it('keeps its bound on a random game, in at least 1 − δ of the runs', () => {
    let kept = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { effects, sampling } = shapleySampled(walk, players, { pairs: 200, seed, range: 2, delta: 0.05 });
      expect(sum([...effects].map((effect) => ({ effect })))).toBeCloseTo(values.at(-1) as number, 12);
      if (effects.every((effect, i) => Math.abs(effect - (exact[i] as number)) <= sampling.epsilon)) kept++;
    }
    expect(kept).toBeGreaterThanOrEqual(95);
  });

  it('states a bound that shrinks with the samples, never above that of Hoeffding', () => {
    const bound = (pairs: number) => shapleySampled(walk, players, { pairs, seed: 1, range: 2, delta: 0.05 }).sampling.epsilon;
    const hoeffding = (pairs: number) => 2 * Math.sqrt(Math.log((4 * players) / 0.05) / (2 * pairs));
    for (const pairs of [1, 10, 1_000, 20_000]) expect(bound(pairs)).toBeLessThanOrEqual(hoeffding(pairs));
    expect(bound(20_000)).toBeLessThan(bound(1_000) / 4);
  });

  it('walks each order backwards too: a game of two players is exact after one pair', () => {
    const two: Walk = (order, along) => {
      along[0] = order[0] === 0 ? 0.2 : 0.5;
      along[1] = 1;
    };
    const { effects } = shapleySampled(two, 2, { pairs: 1, seed: 7, range: 1, delta: 0.05 });
    expect([...effects]).toEqual([expect.closeTo(0.35, 12), expect.closeTo(0.65, 12)]);
  });

  it('gives the same bits for the same seed, others for another', () => {
    const run = (seed: number) => shapleySampled(walk, players, { pairs: 50, seed, range: 2, delta: 0.05 }).effects;
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });
});

describe('the rate game of 21 channels', () => {
  const coalitions = coalitionsOfPaths(randomPaths(21, 40, 4, 5));

  it.each(['conversions', 'value'] as const)('is within the stated bound of the exact values, by %s', (reward) => {
    const sampled = rateGame(coalitions, { reward });
    const channels = sampled.channels.map(({ channel }) => channel);
    expect(channels).toHaveLength(21);
    // By definition, over all 2 097 152 sets.
    const rows = coalitions.map((row) => ({
      row,
      mask: row.channels.reduce((mask, each) => mask | (1 << channels.indexOf(each)), 0),
    }));
    const values = new Float64Array(2 ** 21);
    for (let mask = 0; mask < values.length; mask++) {
      let [amount, journeys] = [0, 0];
      for (const { row, mask: set } of rows) {
        if ((set & ~mask) !== 0) continue;
        amount += row[reward];
        journeys += row.conversions + row.nulls;
      }
      values[mask] = journeys === 0 ? 0 : amount / journeys;
    }
    const exact = shapleyExact(values, 21);
    const epsilon = sampled.sampling?.epsilon as number;
    expect(epsilon).toBeGreaterThan(0);
    for (const [i, { effect }] of sampled.channels.entries())
      expect(Math.abs(effect - (exact[i] as number))).toBeLessThanOrEqual(epsilon);
    expect(sum(sampled.channels)).toBeCloseTo(sampled.rate, 9);
  });

  it('draws as many samples as the wanted bound needs, if time allows', () => {
    const wanted = rateGame(coalitions, { epsilon: 0.1 }).sampling;
    expect(wanted?.epsilon).toBeLessThanOrEqual(0.1);
    expect(wanted?.pairs).toBeLessThan(20_000);
    expect(rateGame(coalitions, { epsilon: 1e-9 }).sampling?.epsilon).toBeGreaterThan(1e-9);
  });

  it('does not depend on the order of the rows', () => {
    expect(rateGame(coalitions.toReversed(), { seed: 9 })).toEqual(rateGame(coalitions, { seed: 9 }));
  });
});

describe('the Markov game of 40 channels', () => {
  // With states as long as the paths, what lies within S converts as it did: v is that of the sum game, by journey.
  const paths = randomPaths(40, 80, 2, 11);
  const journeys = paths.reduce((total, { conversions, nulls }) => total + conversions + nulls, 0);

  it.each(['conversions', 'value'] as const)('is within the stated bound of a game known exactly, by %s', (reward) => {
    const { channels, sampling, rate, total } = markovGame(transitionsOfPaths(paths, 2), { reward });
    expect(channels.length).toBeGreaterThan(20);
    const exact = sumGame(coalitionsOfPaths(paths), { reward });
    expect(total).toBe(exact.total);
    expect(rate).toBeCloseTo(total / journeys, 12);
    for (const [i, { channel, effect }] of channels.entries()) {
      expect(channel).toBe(exact.channels[i]?.channel);
      expect(Math.abs(effect - (exact.channels[i]?.effect as number) / journeys)).toBeLessThanOrEqual(
        sampling?.epsilon as number,
      );
    }
    expect(sum(channels)).toBeCloseTo(rate, 9);
  });
});

describe('hybrid', () => {
  const effects = (shares: Record<string, number>) =>
    Object.entries(shares).map(([channel, share]) => ({ channel, effect: 0, share }));

  it('blends the shares of both models, over the channels of either', () => {
    const blended = hybrid(effects({ b: 0.25, a: 0.75 }), effects({ b: 0.5, c: 0.5 }), 0.25);
    expect(blended.map(({ channel, share }) => [channel, share])).toEqual([
      ['a', 0.1875],
      ['b', 0.4375],
      ['c', 0.375],
    ]);
  });

  it('is the one model where the other has nothing to share, and nothing where neither has', () => {
    expect(hybrid(effects({ a: 0, b: 0 }), effects({ a: 0.5, b: 0.5 })).map(({ share }) => share)).toEqual([0.5, 0.5]);
    expect(hybrid(effects({ a: 0 }), effects({ b: 0 })).map(({ share }) => share)).toEqual([0, 0]);
  });
});
