/** The small oracles of the literature and of the tools in use, with their published digits. */
import { expect, it } from 'vitest';
import { distribute } from '../distribute.ts';
import type { ChannelEffect, PathCount } from './counts.ts';
import { markov } from './markov.ts';
import { coalitionsOfPaths, transitionsOfPaths } from './path-counts.ts';
import { hoeffdingSamples } from './shapley.ts';
import { sumGame } from './sum-game.ts';

/** "A>B" converts so often (each of value), and so often not. */
function path(text: string, conversions: number, nulls = 0, each = 0): PathCount {
  return { path: text.split('>'), conversions, nulls, value: each * conversions };
}
const effects = (channels: readonly ChannelEffect[]) => channels.map(({ effect }) => effect);
const credits = ({ channels, total }: { channels: readonly ChannelEffect[]; total: number }) =>
  channels.map(({ share }) => share * total);

it('C1>C2>C3 converts, C1 and C2>C3 do not: P = 1/3, removal effects .5, 1, 1, value 200, 400, 400', () => {
  const transitions = transitionsOfPaths([path('C1>C2>C3', 1, 0, 1000), path('C1', 0, 1), path('C2>C3', 0, 1)], 1);
  const { channels, probability } = markov(transitions);
  expect(probability).toBeCloseTo(1 / 3, 15);
  expect(effects(channels)).toEqual([0.5, 1, 1]);
  const { channels: byValue, total } = markov(transitions, { reward: 'value' });
  expect(
    distribute(
      total,
      byValue.map(({ share }) => share),
    ),
  ).toEqual([200, 400, 400]);
});

it('eight paths over A, B, C: P = .5, removal effects .5833333, .6625, .4027778; of 6 conversions 2.1229992, 2.4111205, 1.4658804', () => {
  const paths = [
    path('A', 1, 1),
    path('B', 1, 1),
    path('A>B', 2, 0),
    path('B>A', 0, 1),
    path('A>C', 1, 0),
    path('C', 0, 1),
    path('A>B>C', 1, 1),
    path('C>B', 0, 1),
  ];
  const result = markov(transitionsOfPaths(paths, 1));
  expect(result.probability).toBeCloseTo(0.5, 15);
  for (const [i, expected] of [0.5833333, 0.6625, 0.4027778].entries())
    expect(effects(result.channels)[i]).toBeCloseTo(expected, 7);
  for (const [i, expected] of [2.1229992, 2.4111205, 1.4658804].entries()) expect(credits(result)[i]).toBeCloseTo(expected, 7);
});

it("DP6's nine converting paths of value 3: Markov 10.6431535, 8.5145228, 7.8423237", () => {
  const paths = ['A', 'A>B', 'A>B>C', 'B', 'B>A', 'B>C>A', 'C', 'C>A', 'C>B>A'].map((text) => path(text, 1, 0, 3));
  const result = markov(transitionsOfPaths(paths, 1), { reward: 'value' });
  expect(result.total).toBe(27);
  expect(result.probability).toBeCloseTo(1, 15);
  for (const [i, expected] of [10.6431535, 8.5145228, 7.8423237].entries()) expect(credits(result)[i]).toBeCloseTo(expected, 7);
});

it('a: 4 and a>b: 6 by the sum game: a 7, b 3', () => {
  const { channels, total } = sumGame(coalitionsOfPaths([path('a', 4), path('a>b', 6)]));
  expect(total).toBe(10);
  expect(channels).toEqual([
    { channel: 'a', effect: 7, share: 0.7 },
    { channel: 'b', effect: 3, share: 0.3 },
  ]);
});

it('12 players within .01 with probability .95, marginals spanning 1: 30 869 samples', () => {
  expect(hoeffdingSamples(12, { range: 1, epsilon: 0.01, delta: 0.05 })).toBe(30_869);
});
