/** What is estimated of each draw is what the models say of the same counts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PathCount, Reward } from '../data-driven/counts.ts';
import { coalitionsOfPaths, transitionsOfPaths } from '../data-driven/path-counts.ts';
import { sizesOf } from '../data-driven/sum-game.ts';
import { compute, SHARED_MODELS, type SharedName } from '../models/shared-models.ts';
import { creditByRule } from '../paths/credit.ts';
import { addAll, emptySums } from './draws.ts';
import { estimatorOf } from './estimators.ts';
import { journeysAsUnits, unitsOf } from './units.ts';

const SHAPE = {
  directChannels: new Set(['d']),
  attribution: { positionBased: { first: 40, last: 40 } },
  decayWeights: [3, 2, 1],
};
const anyPaths = fc.array(
  fc.record({
    path: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 5 }),
    conversions: fc.nat(6),
    nulls: fc.nat(6),
    unit: fc.nat(50),
  }),
  { minLength: 1, maxLength: 8 },
);

function estimated(model: Parameters<typeof estimatorOf>[0], paths: readonly PathCount[], reward: Reward, order: number) {
  const units = unitsOf(journeysAsUnits(paths));
  const sums = emptySums(units);
  addAll(units, sums);
  const estimator = estimatorOf(model, units.paths, { shape: SHAPE, order, alpha: 0.3, seed: 1 });
  const { shares, effects, total } = estimator.estimate(sums)(reward);
  return new Map(estimator.channels.map((channel, i) => [channel, { share: shares[i], effect: effects[i], total }]));
}

test.each(Object.keys(SHARED_MODELS) as SharedName[])('%s', (model) => {
  fc.assert(
    fc.property(
      anyPaths,
      fc.constantFrom<Reward>('conversions', 'value'),
      fc.integer({ min: 1, max: 3 }),
      (rows, reward, order) => {
        const paths = rows.map(({ unit, ...row }) => ({ ...row, value: unit * row.conversions }));
        const coalitions = coalitionsOfPaths(paths);
        const input = { coalitions, sizes: sizesOf(coalitions, reward), transitions: transitionsOfPaths(paths, order) };
        const { channels } = compute({ model, without: null, ...input, reward, alpha: 0.3, seed: 1 });
        const own = estimated(model, paths, reward, order);
        for (const { channel, share, effect } of channels) {
          expect(own.get(channel)?.share ?? 0).toBeCloseTo(share, 9);
          expect(own.get(channel)?.effect ?? 0).toBeCloseTo(effect, 9);
        }
      },
    ),
  );
});

test.each(['first', 'lastNonDirect', 'linear', 'positionBased', 'timeDecay'] as const)('%s', (rule) => {
  fc.assert(
    fc.property(anyPaths, (rows) => {
      const paths = rows.map(({ unit, ...row }) => ({ ...row, value: unit * row.conversions }));
      const credits = creditByRule(paths, rule, SHAPE);
      for (const [channel, { share, total }] of estimated(rule, paths, 'conversions', 1))
        expect((share as number) * total - (credits.get(channel)?.creditMicros ?? 0) / 1e6).toBeCloseTo(0, 4);
    }),
  );
});
