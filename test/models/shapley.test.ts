/** The games and their Shapley values against the definition: the mean over all orders of the players. */
import { type ChannelEffect, channelsOf } from '@tributary/attribution/data-driven/counts';
import { markovGame } from '@tributary/attribution/data-driven/markov-game';
import { coalitionsOfPaths, transitionsOfPaths } from '@tributary/attribution/data-driven/path-counts';
import { rateGame } from '@tributary/attribution/data-driven/rate-game';
import { shapleyExact } from '@tributary/attribution/data-driven/shapley';
import { sumGame } from '@tributary/attribution/data-driven/sum-game';
import { bruteForceChain, bruteForceRate, bruteForceShapley, bruteForceSum } from '@tributary/testkit/oracle/brute-force';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orders, randomPaths, rewards } from './random-paths.ts';

/** A random game: a value for every coalition of 1 to 6 players, 0 for the empty one. */
const games = fc
  .integer({ min: 1, max: 6 })
  .chain((players) =>
    fc
      .array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2 ** players, maxLength: 2 ** players })
      .map((values) => ({ players, values: Float64Array.from(values, (value, mask) => (mask === 0 ? 0 : value)) })),
  );
const total = (effects: Iterable<number>) => [...effects].reduce((sum, effect) => sum + effect, 0);

function expectClose(effects: readonly ChannelEffect[], expected: readonly number[]): void {
  expect(effects.length).toBe(expected.length);
  for (const [i, { effect }] of effects.entries()) {
    const exact = expected[i] as number;
    expect(Math.abs(effect - exact)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(exact)));
  }
}

describe('Shapley values of random games', () => {
  it('are the mean marginal contribution over all orders of the players', () => {
    fc.assert(
      fc.property(games, ({ players, values }) => {
        const names = Array.from({ length: players }, (_, i) => i);
        const v = (coalition: ReadonlySet<number>) => values[total([...coalition].map((player) => 2 ** player))] as number;
        for (const [i, effect] of shapleyExact(values, players).entries())
          expect(effect).toBeCloseTo(bruteForceShapley(names, v)[i] as number, 9);
      }),
      { numRuns: 50 },
    );
  });

  it('efficiency: they sum to v(all)', () => {
    fc.assert(
      fc.property(games, ({ players, values }) => {
        expect(total(shapleyExact(values, players))).toBeCloseTo(values.at(-1) as number, 9);
      }),
    );
  });

  it('symmetry: players that are interchangeable get the same', () => {
    fc.assert(
      fc.property(games, ({ players, values }) => {
        if (players < 2) return;
        // Players 0 and 1 made interchangeable: coalitions with only the one count as those with only the other.
        const symmetric = values.map((value, mask) => ((mask & 3) === 2 ? (values[mask ^ 3] as number) : value));
        const [first, second] = shapleyExact(symmetric, players);
        expect(first).toBeCloseTo(second as number, 9);
      }),
    );
  });

  it('dummy: a player who adds nothing to any coalition gets exactly 0', () => {
    fc.assert(
      fc.property(games, fc.nat(5), ({ players, values }, n) => {
        const dummy = n % players;
        const without = values.map((_, mask) => values[mask & ~(1 << dummy)] as number);
        expect(shapleyExact(without, players)[dummy]).toBe(0);
      }),
    );
  });

  it('additivity: the values of a sum of games are the sums of their values', () => {
    fc.assert(
      fc.property(games, fc.infiniteStream(fc.double({ min: -10, max: 10, noNaN: true })), ({ players, values }, more) => {
        const other = values.map((_, mask) => (mask === 0 ? 0 : (more.next().value as number)));
        const both = shapleyExact(
          values.map((value, mask) => value + (other[mask] as number)),
          players,
        );
        const [a, b] = [shapleyExact(values, players), shapleyExact(other, players)];
        for (const [i, effect] of both.entries()) expect(effect).toBeCloseTo((a[i] as number) + (b[i] as number), 9);
      }),
    );
  });
});

describe('the games of attribution', () => {
  it('sum game: equal to all permutations, efficient to the last unit of rounding', () => {
    fc.assert(
      fc.property(randomPaths({ channels: 5, refunds: true }), rewards, (paths, reward) => {
        const coalitions = coalitionsOfPaths(paths);
        const game = sumGame(coalitions, { reward });
        const v = (within: ReadonlySet<string>) => bruteForceSum(paths, reward, within);
        expectClose(game.channels, bruteForceShapley(channelsOf(coalitions), v));
        expect(total(game.channels.map(({ effect }) => effect))).toBeCloseTo(game.total, 6);
      }),
      { numRuns: 50 },
    );
  });

  it('sum game: equal to linear credit over first occurrences', () => {
    fc.assert(
      fc.property(randomPaths({ channels: 6, touches: 9 }), (paths) => {
        const linear = new Map<string, number>();
        for (const { path, conversions } of paths) {
          const firsts = path.filter((channel, i) => path.indexOf(channel) === i);
          for (const channel of firsts) linear.set(channel, (linear.get(channel) ?? 0) + conversions / firsts.length);
        }
        for (const { channel, effect } of sumGame(coalitionsOfPaths(paths)).channels)
          expect(effect).toBeCloseTo(linear.get(channel) as number, 9);
      }),
    );
  });

  it('rate game: equal to all permutations, negative values included, efficient', () => {
    let negative = 0;
    fc.assert(
      fc.property(randomPaths({ channels: 5, refunds: true }), rewards, (paths, reward) => {
        const coalitions = coalitionsOfPaths(paths);
        const { channels, rate } = rateGame(coalitions, { reward });
        const v = (within: ReadonlySet<string>) => bruteForceRate(paths, reward, within);
        expectClose(channels, bruteForceShapley(channelsOf(coalitions), v));
        expect(channels.reduce((sum, { effect }) => sum + effect, 0)).toBeCloseTo(rate, 9);
        if (reward === 'conversions' && channels.some(({ effect }) => effect < -1e-6)) negative++;
      }),
      { numRuns: 50 },
    );
    expect(negative, 'the cases hold a φ below 0').toBeGreaterThan(0);
  });

  it('Markov game: equal to all permutations over chains with the other channels removed, at orders 1 to 4', () => {
    fc.assert(
      fc.property(randomPaths({ channels: 4, touches: 5, refunds: true }), orders, rewards, (paths, order, reward) => {
        const { channels, rate } = markovGame(transitionsOfPaths(paths, order), { reward });
        const v = memo((within) => bruteForceChain(paths, order, reward, within));
        const names = channelsOf(coalitionsOfPaths(paths));
        expectClose(channels, bruteForceShapley(names, v));
        expect(channels.reduce((sum, { effect }) => sum + effect, 0)).toBeCloseTo(rate, 9);
      }),
      { numRuns: 60 },
    );
  });

  it('are the same bits for any order of the rows', () => {
    fc.assert(
      fc.property(
        randomPaths({ channels: 6, refunds: true }),
        rewards,
        fc.infiniteStream(fc.nat(1000)),
        (paths, reward, numbers) => {
          const keyed = paths.map((row) => ({ row, key: numbers.next().value as number }));
          const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ row }) => row);
          for (const game of [sumGame, rateGame])
            expect(game(coalitionsOfPaths(shuffled), { reward })).toEqual(game(coalitionsOfPaths(paths), { reward }));
          expect(markovGame(transitionsOfPaths(shuffled, 2), { reward })).toEqual(
            markovGame(transitionsOfPaths(paths, 2), { reward }),
          );
        },
      ),
    );
  });
});

function memo(v: (within: ReadonlySet<string>) => number): (within: ReadonlySet<string>) => number {
  const known = new Map<string, number>();
  return (within) => {
    const key = JSON.stringify([...within].sort());
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = v(within)));
    return value;
  };
}
