/** The Markov removal effect is what its definition says, whatever the counts look like. */
import { canonicalTransitions, type PathCount, type Transition } from '@tributary/attribution/data-driven/counts';
import { markov } from '@tributary/attribution/data-driven/markov';
import { lowerOrder, transitionsOfPaths } from '@tributary/attribution/data-driven/path-counts';
import { bruteForceChain, bruteForceRemoval } from '@tributary/testkit/oracle/brute-force';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orders, randomPaths, rewards } from './random-paths.ts';

const counts = (paths: readonly PathCount[]) => paths.reduce((sum, { conversions, nulls }) => sum + conversions + nulls, 0);

describe('Markov removal effects from one inverse', () => {
  it('equal those of the chain with the channel really removed, at orders 1 to 4, by conversions and by value', () => {
    fc.assert(
      fc.property(randomPaths(), orders, rewards, (paths, order, reward) => {
        for (const { channel, effect } of markov(transitionsOfPaths(paths, order), { reward }).channels)
          expect(effect).toBeCloseTo(bruteForceRemoval(paths, order, reward, channel), 9);
      }),
      { numRuns: 300 },
    );
  });

  it('probability of conversion is conversions / journeys, at every order', () => {
    fc.assert(
      fc.property(randomPaths(), orders, (paths, order) => {
        const { probability, total, journeys } = markov(transitionsOfPaths(paths, order));
        expect(total).toBe(paths.reduce((sum, { conversions }) => sum + conversions, 0));
        expect(journeys).toBe(counts(paths));
        expect(probability).toBeCloseTo(journeys === 0 ? 0 : total / journeys, 12);
        expect(probability).toBeCloseTo(bruteForceChain(paths, order, 'conversions'), 12);
      }),
    );
  });

  it('counts of a lower order from those of a higher one are the counts of that order', () => {
    fc.assert(
      fc.property(randomPaths({ touches: 8 }), orders, orders, (paths, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(lowerOrder(transitionsOfPaths(paths, high), low)).toEqual(transitionsOfPaths(paths, low));
      }),
    );
  });

  it('collapsing consecutive repeats does not change them at order 1', () => {
    const collapsed = (paths: readonly PathCount[]) =>
      paths.map((row) => ({ ...row, path: row.path.filter((channel, i) => channel !== row.path[i - 1]) }));
    fc.assert(
      fc.property(randomPaths({ channels: 3, touches: 8 }), rewards, (paths, reward) => {
        const whole = markov(transitionsOfPaths(paths, 1), { reward });
        const short = markov(transitionsOfPaths(collapsed(paths), 1), { reward });
        for (const [i, { channel, effect }] of short.channels.entries()) {
          expect(whole.channels[i]?.channel).toBe(channel);
          expect(whole.channels[i]?.effect).toBeCloseTo(effect, 9);
        }
      }),
    );
  });

  it('lie in [0, 1] by conversions, with shares that sum to 1, or to 0 without conversions', () => {
    fc.assert(
      fc.property(randomPaths(), orders, (paths, order) => {
        const { channels, total } = markov(transitionsOfPaths(paths, order));
        for (const { effect } of channels) {
          expect(effect).toBeGreaterThanOrEqual(0);
          expect(effect).toBeLessThanOrEqual(1 + 1e-12);
        }
        expect(channels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(total === 0 ? 0 : 1, 12);
      }),
    );
  });

  it('are the same bits for any order of the rows, split into any parts, and with rows that cancelled', () => {
    const scrambled = fc.tuple(randomPaths({ refunds: true }), orders, rewards, fc.infiniteStream(fc.nat(1000)));
    fc.assert(
      fc.property(scrambled, ([paths, order, reward, numbers]) => {
        const whole = transitionsOfPaths(paths, order);
        const parts = whole.flatMap((row): Transition[] => {
          const part = (count: number) => (numbers.next().value as number) % (count + 1);
          const some = { ...row, conversions: part(row.conversions), nulls: part(row.nulls), value: part(100) };
          const rest = {
            ...row,
            conversions: row.conversions - some.conversions,
            nulls: row.nulls - some.nulls,
            value: row.value - some.value,
          };
          return [some, rest, { ...row, from: ['gone'], conversions: 0, nulls: 0, value: 0 }];
        });
        const keyed = parts.map((row) => ({ row, key: numbers.next().value as number }));
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ row }) => row);
        expect(canonicalTransitions(shuffled)).toEqual(whole);
        expect(markov(shuffled, { reward })).toEqual(markov(whole, { reward }));
      }),
    );
  });

  it('hold with refunds, whose values may cancel: finite, and equal to the definition where a value is left', () => {
    fc.assert(
      fc.property(randomPaths({ refunds: true }), orders, (paths, order) => {
        const { channels, total } = markov(transitionsOfPaths(paths, order), { reward: 'value' });
        for (const { channel, effect, share } of channels) {
          expect(Number.isFinite(effect) && Number.isFinite(share)).toBe(true);
          const expected = total === 0 ? 0 : bruteForceRemoval(paths, order, 'value', channel);
          expect(Math.abs(effect - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
