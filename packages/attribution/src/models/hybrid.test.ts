import { expect, test } from 'vitest';
import { bootstrap, type ChannelInterval } from '../data-driven/bootstrap.ts';
import type { PathCount } from '../data-driven/counts.ts';
import { coalitionsOfPaths, transitionsOfPaths } from '../data-driven/path-counts.ts';
import { sizesOf } from '../data-driven/sum-game.ts';
import { hybridModel } from './hybrid.ts';
import type { ModelInput } from './shared-model.ts';

function inputOf(paths: readonly PathCount[]): ModelInput {
  const coalitions = coalitionsOfPaths(paths);
  const sizes = sizesOf(coalitions, 'conversions');
  return { sizes, coalitions, transitions: transitionsOfPaths(paths, 1), reward: 'conversions', alpha: 0.5, seed: 1 };
}

test('intervals of the hybrid are as wide as those of whole journeys drawn anew: both parts err together', () => {
  const paths = [
    ...['a', 'a>b', 'b>c', 'c', 'c>b>a', 'd', 'd>a'].map((path, i) => ({
      path: path.split('>'),
      conversions: 20 + 9 * i,
      nulls: 300 - 30 * i,
      value: 0,
    })),
  ];
  const options = { replicates: 1_000, level: 0.9, seed: 3 };
  const ofJourneys = bootstrap(paths, (rows) => [...hybridModel.effects(inputOf(rows)).channels], options);
  const ofCounts = hybridModel.intervals(inputOf(paths), options);
  const width = ({ low, high }: ChannelInterval) => high - low;
  for (const [i, one] of ofCounts.entries()) {
    expect(one.share).toBe(ofJourneys[i]?.share);
    expect(width(one) / width(ofJourneys[i] as ChannelInterval)).toBeGreaterThan(0.95);
    expect(width(one) / width(ofJourneys[i] as ChannelInterval)).toBeLessThan(1.25);
  }
});
