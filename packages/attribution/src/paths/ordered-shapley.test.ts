import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coalitionsOfPaths } from '../data-driven/path-counts.ts';
import { sumGame } from '../data-driven/sum-game.ts';
import { creditByRule } from './credit.ts';
import { orderedShapley } from './ordered-shapley.ts';
import { firstOccurrence } from './transforms.ts';
import { gathered, type WeightedPath } from './weighted-path.ts';

const SHAPE = { directChannels: new Set<string>(), attribution: { positionBased: { first: 40, last: 40 } }, decayWeights: [1] };
const once = (path: string): WeightedPath => ({ path: [...path], conversions: 1, value: 1, nulls: 0 });
const sum = (parts: readonly number[]) => parts.reduce((total, part) => total + part, 0);
const anyPaths = fc.array(
  fc.record({
    path: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 7 }),
    conversions: fc.nat(20),
    value: fc.nat(1_000),
    nulls: fc.nat(20),
  }),
  { maxLength: 15 },
);

test('the published example: AB, BA, A, ABC, ABA, CA, one conversion each', () => {
  const got = orderedShapley(['AB', 'BA', 'A', 'ABC', 'ABA', 'CA'].map(once));
  const expected = { A: [25 / 12, 1, 1 / 4], B: [1 / 2, 4 / 3, 0], C: [1 / 2, 0, 1 / 3] };
  for (const [channel, positions] of Object.entries(expected))
    positions.forEach((credit, i) => {
      expect(got.get(channel)?.[i] ?? 0).toBeCloseTo(credit, 12);
    });
  expect([...got.keys()].sort()).toEqual(['A', 'B', 'C']);
});

test('over its positions a channel has its Shapley value of the sum game, and all together the conversions', () => {
  fc.assert(
    fc.property(anyPaths, (paths) => {
      const ordered = orderedShapley(paths);
      const game = sumGame(coalitionsOfPaths(paths));
      for (const { channel, effect } of game.channels) expect(sum(ordered.get(channel) ?? [])).toBeCloseTo(effect, 9);
      expect(sum([...ordered.values()].map(sum))).toBeCloseTo(game.total, 9);
    }),
  );
});

test('linear credit over first occurrences is the sum game, to the millionth a path', () => {
  fc.assert(
    fc.property(anyPaths, (paths) => {
      const first = gathered(paths.map((one) => ({ ...one, path: firstOccurrence(one.path) })));
      const credit = creditByRule(first, 'linear', SHAPE);
      for (const { channel, effect } of sumGame(coalitionsOfPaths(paths)).channels)
        expect(Math.abs((credit.get(channel)?.creditMicros ?? 0) - effect * 1e6)).toBeLessThan(1 + first.length);
    }),
  );
});

test('{a: 4, a>b: 6}: the sum game gives a 7 and b 3', () => {
  const paths: WeightedPath[] = [
    { path: ['a'], conversions: 4, value: 0, nulls: 0 },
    { path: ['a', 'b'], conversions: 6, value: 0, nulls: 0 },
  ];
  expect(sumGame(coalitionsOfPaths(paths)).channels.map(({ effect }) => effect)).toEqual([7, 3]);
  expect(creditByRule(paths, 'linear', SHAPE)).toEqual(
    new Map([
      ['a', { creditMicros: 7e6, valueMinor: 0 }],
      ['b', { creditMicros: 3e6, valueMinor: 0 }],
    ]),
  );
});

test('equal paths are one, whatever the order they come in', () => {
  fc.assert(
    fc.property(anyPaths, fc.nat(), (paths, turn) => {
      const shuffled = [...paths.slice(turn % (paths.length + 1)), ...paths.slice(0, turn % (paths.length + 1))];
      const one = gathered(paths);
      expect(gathered(shuffled)).toEqual(one);
      expect(new Set(one.map(({ path }) => path.join('>'))).size).toBe(one.length);
      for (const measure of ['conversions', 'value', 'nulls'] as const)
        expect(sum(one.map((path) => path[measure]))).toBe(sum(paths.map((path) => path[measure])));
    }),
  );
});

test('paths that differ in their milestones only stay apart', () => {
  const path = ['a', 'b'];
  const counts = { conversions: 1, value: 0, nulls: 0 };
  expect(
    gathered([
      { path, ...counts, milestones: [0] },
      { path, ...counts, milestones: [1] },
      { path, ...counts, milestones: [1] },
    ]),
  ).toEqual([
    { path, ...counts, milestones: [0] },
    { path, ...counts, conversions: 2, milestones: [1] },
  ]);
});
