import { describe, expect, it } from 'vitest';
import { type BootstrapOptions, bootstrap, type ChannelInterval, dirichletDraw } from './bootstrap.ts';
import type { Coalition, PathCount, Transition } from './counts.ts';
import { markov } from './markov.ts';
import { coalitionsOfPaths, transitionsOfPaths } from './path-counts.ts';
import { rateGame } from './rate-game.ts';
import { sumGame } from './sum-game.ts';

const single = (channel: string, conversions: number): PathCount => ({
  path: [channel],
  conversions,
  nulls: 0,
  value: 3 * conversions,
});
const sums = (rows: readonly Coalition[]) => sumGame(rows).channels;
const chain = (rows: readonly Transition[]) => markov(rows).channels;
const many = { replicates: 2_000 };
const width = ({ low, high }: ChannelInterval) => high - low;

describe('bootstrap intervals', () => {
  // The share of a among n journeys is binomial: 90 % lie within 1.645 standard deviations.
  const paths = [single('a', 300), single('b', 700)];
  const expected = 2 * 1.645 * Math.sqrt((0.3 * 0.7) / 1000);
  const both = (options: BootstrapOptions<Coalition>) => bootstrap(coalitionsOfPaths(paths), sums, options);

  it('are as wide as theory has it, whatever is resampled: coalitions, paths, or the rows of the chain', () => {
    const byPaths = bootstrap(paths, (rows) => chain(transitionsOfPaths(rows, 1)), many);
    const byRows = bootstrap(transitionsOfPaths(paths, 1), chain, { ...many, draw: dirichletDraw() });
    for (const [a, b] of [both(many), byPaths, byRows] as [ChannelInterval, ChannelInterval][]) {
      expect(a.share).toBeCloseTo(0.3, 12);
      expect(width(a) / expected).toBeGreaterThan(0.9);
      expect(width(a) / expected).toBeLessThan(1.1);
      expect((a.low + a.high) / 2).toBeCloseTo(0.3, 2);
      // Two shares sum to 1: their intervals mirror each other.
      expect(a.low + b.high).toBeCloseTo(1, 9);
    }
  });

  it('narrow with the root of the data, and widen with the level', () => {
    const coalitions = coalitionsOfPaths([single('a', 30_000), single('b', 70_000)]);
    const [more] = bootstrap(coalitions, sums, many) as [ChannelInterval];
    const [few] = both(many) as [ChannelInterval];
    expect(width(few) / width(more)).toBeGreaterThan(9);
    expect(width(few) / width(more)).toBeLessThan(11);
    const [wide] = both({ ...many, level: 0.99 }) as [ChannelInterval];
    expect(width(wide) / width(few)).toBeCloseTo(2.576 / 1.645, 0);
  });

  it('tell how stable a rank is', () => {
    const stability = (a: number, b: number) =>
      bootstrap(coalitionsOfPaths([single('a', a), single('b', b)]), sums, many).map(({ rank, rankStability }) => ({
        rank,
        rankStability,
      }));
    expect(stability(10, 1000)).toEqual([
      { rank: 2, rankStability: 1 },
      { rank: 1, rankStability: 1 },
    ]);
    const [tied] = stability(100, 100) as [{ rank: number; rankStability: number }];
    expect(tied.rank).toBe(1);
    expect(tied.rankStability).toBeGreaterThan(0.45);
    expect(tied.rankStability).toBeLessThan(0.58);
  });

  it('are the same bits for the same seed and counts, in any order of the rows, and others for another seed', () => {
    const rows = coalitionsOfPaths([...paths, single('c', 5), { path: ['a', 'b'], conversions: 4, nulls: 7, value: 9 }]);
    const rates = (counts: readonly Coalition[]) => rateGame(counts).channels;
    const one = bootstrap(rows, rates, { seed: 5 });
    expect(bootstrap(rows.toReversed(), rates, { seed: 5 })).toEqual(one);
    expect(bootstrap(rows, rates, { seed: 6 })).not.toEqual(one);
  });

  it('resample value with its conversions', () => {
    const byValue = bootstrap(coalitionsOfPaths(paths), (rows) => sumGame(rows, { reward: 'value' }).channels, many);
    expect(byValue).toEqual(both(many).map((interval) => expect.objectContaining({ rank: interval.rank })));
    for (const [i, interval] of both(many).entries()) expect(byValue[i]?.low).toBeCloseTo(interval.low, 12);
  });

  it('count a channel that a replicate lost as 0 there, and answer nulls only with 0', () => {
    const [, rare] = bootstrap(coalitionsOfPaths([single('a', 50), single('b', 1)]), sums, many) as [unknown, ChannelInterval];
    expect(rare.low).toBe(0);
    expect(rare.high).toBeGreaterThan(rare.share);
    const nulls = transitionsOfPaths([{ path: ['a'], conversions: 0, nulls: 9, value: 0 }], 1);
    for (const draw of [undefined, dirichletDraw()])
      expect(bootstrap(nulls, chain, draw === undefined ? {} : { draw })).toEqual([
        { channel: 'a', share: 0, low: 0, high: 0, rank: 1, rankStability: 1 },
      ]);
  });

  it('need a replicate', () => {
    expect(() => both({ replicates: 0 })).toThrow(RangeError);
  });
});
