import { describe, expect, test } from 'vitest';
import type { PathCount } from '../data-driven/counts.ts';
import { markovGame } from '../data-driven/markov-game.ts';
import { coalitionsOfPaths, transitionsOfPaths } from '../data-driven/path-counts.ts';
import { sizesOf } from '../data-driven/sum-game.ts';
import { hybridChainModel } from './hybrid.ts';
import type { ModelInput } from './shared-model.ts';

function inputOf(paths: readonly PathCount[]): ModelInput {
  const coalitions = coalitionsOfPaths(paths);
  const sizes = sizesOf(coalitions, 'conversions');
  return { sizes, coalitions, transitions: transitionsOfPaths(paths, 1), reward: 'conversions', alpha: 0.5, seed: 1 };
}

describe('blended with the game of the chain', () => {
  // C1 > C2 > C3 converts once, C1 and C2 > C3 do not: removal effects 1/2, 1, 1; v(C2, C3) = 1/6, v(all) = 1/3, else 0.
  const small = [
    { path: ['C1', 'C2', 'C3'], conversions: 1, nulls: 0, value: 1_000 },
    { path: ['C1'], conversions: 0, nulls: 1, value: 0 },
    { path: ['C2', 'C3'], conversions: 0, nulls: 1, value: 0 },
  ];

  test.each([
    [0, [1 / 6, 5 / 12, 5 / 12]],
    [0.5, [11 / 60, 49 / 120, 49 / 120]],
    [1, [1 / 5, 2 / 5, 2 / 5]],
  ])('alpha %d of the published chain of three channels', (alpha, shares) => {
    for (const reward of ['conversions', 'value'] as const) {
      const { channels, sampling } = hybridChainModel.effects({ ...inputOf(small), alpha, reward });
      channels.forEach(({ share, effect }, i) => {
        expect(share).toBeCloseTo(shares[i] as number, 12);
        expect(effect).toBeCloseTo(shares[i] as number, 12);
      });
      expect(sampling).toBeNull();
    }
  });

  test('the error of a sampled game is that of the shares', () => {
    const paths = Array.from({ length: 30 }, (_, i) => ({
      path: [`c${i}`, `c${(i * 7) % 30}`, `c${(i * 11) % 30}`],
      conversions: 1 + (i % 3),
      nulls: 2,
      value: 0,
    }));
    const input = inputOf(paths);
    const { sampling: ofGame, rate } = markovGame(input.transitions, { seed: 1 });
    const { sampling } = hybridChainModel.effects({ ...input, alpha: 0.25 });
    expect(sampling?.pairs).toBe(ofGame?.pairs);
    expect(sampling?.epsilon).toBeCloseTo((0.75 * (ofGame?.epsilon ?? 0)) / rate, 12);
  });
});
