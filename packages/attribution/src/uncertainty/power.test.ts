import { describe, expect, test } from 'vitest';
import type { WeightedPath } from '../paths/weighted-path.ts';
import { type Plan, powerOf, withShare, witnessesFor } from './power.ts';
import { deviations, wilson } from './scales.ts';
import type { Sample } from './units.ts';

const SHAPE = { directChannels: new Set<string>(), attribution: { positionBased: { first: 40, last: 40 } }, decayWeights: [1] };
const OPTIONS = { shape: SHAPE, order: 1, alpha: 0.5, seed: 1, replicates: 2_000, level: 0.9 };

test.each([
  [0.05, 0.02, 0.9],
  [0.5, 0.1, 0.95],
  [0.01, 0.001, 0.99],
  [0.3, 0.9, 0.9],
])('share %d, width %d at %d: that many witnesses are enough, one fewer is not', (share, width, level) => {
  const size = witnessesFor(share, width, level);
  const widthOf = (n: number) => {
    const { low, high } = wilson(share, n, deviations(level));
    return high - low;
  };
  expect(widthOf(size)).toBeLessThanOrEqual(width);
  if (size > 1) expect(widthOf(size - 1)).toBeGreaterThan(width);
});

test('half the width takes four times the witnesses, as of any proportion', () => {
  // 4 z² p (1 − p) / width²
  expect(witnessesFor(0.05, 0.02, 0.9) / ((4 * deviations(0.9) ** 2 * 0.05 * 0.95) / 0.02 ** 2)).toBeCloseTo(1, 1);
  expect(witnessesFor(0.05, 0.01, 0.9) / witnessesFor(0.05, 0.02, 0.9)).toBeCloseTo(4, 1);
});

function journeys(text: string, conversions = 1): WeightedPath[] {
  return Array.from({ length: conversions }, () => ({ path: text.split('>'), conversions: 1, nulls: 0, value: 0 }));
}
const sampleOf = (...rows: [times: number, of: WeightedPath[]][]): Sample => ({
  kind: 'user',
  rows: rows.map(([times, of]) => ({ times, journeys: of })),
  hasSingleValues: true,
});

describe('conversions that are as certain as one witness', () => {
  const planned = (sample: Sample, plan: Partial<Plan>) => {
    const power = powerOf(sample, { model: 'shapley', channel: 'a', share: undefined, width: 0.02, ...plan }, OPTIONS);
    if (typeof power === 'string') throw new Error(power);
    return power;
  };

  test.each([
    // Each user converts once, over one channel.
    ['of one channel', sampleOf([300, journeys('a')], [700, journeys('b')]), 0.3, 1],
    ['of one channel', sampleOf([300, journeys('a')], [700, journeys('b')]), 0.05, 1],
    ['of one channel', sampleOf([300, journeys('a')], [700, journeys('b')]), 0.6, 1],
    // Each four times.
    ['one of four by its user', sampleOf([300, journeys('a', 4)], [700, journeys('b', 4)]), 0.3, 4],
    ['one of four by its user', sampleOf([300, journeys('a', 4)], [700, journeys('b', 4)]), 0.05, 4],
    // A third of each conversion of nine users in ten: (⅓ − p) / (1 − p).
    ['a third for the channel', sampleOf([900, journeys('a>b>c')], [100, journeys('b')]), 0.3, (1 / 3 - 0.3) / 0.7],
    ['a third for the channel', sampleOf([900, journeys('a>b>c')], [100, journeys('b')]), 0.05, (1 / 3 - 0.05) / 0.95],
    [
      'a third for the channel, one of four',
      sampleOf([900, journeys('a>b>c', 4)], [100, journeys('b', 4)]),
      0.05,
      (4 * (1 / 3 - 0.05)) / 0.95,
    ],
  ])('each conversion %s, case %#', (_, sample, share, perWitness) => {
    const power = planned(sample, { share });
    expect(Math.abs(power.perWitness / perWitness - 1)).toBeLessThan(0.12);
    expect(power.conversions).toBe(Math.ceil(witnessesFor(share, 0.02, 0.9) * power.perWitness));
  });

  test('of a channel with too few of its own, those of the channel with the nearest share', () => {
    const sample = sampleOf([600, journeys('a', 2)], [60, journeys('b')], [5, journeys('c')]);
    expect(planned(sample, { channel: 'a', share: 0.04 }).like).toBe('a');
    expect(planned(sample, { channel: 'c', share: 0.04 }).like).toBe('b');
    expect(planned(sample, { channel: 'new', share: 0.5 }).like).toBe('a');
  });

  test('what cannot be planned says why', () => {
    const few = sampleOf([19, journeys('a')], [15, journeys('b')]);
    const plan = { model: 'shapley', channel: 'a', share: 0.3, width: 0.02 } as const;
    expect(powerOf(few, plan, OPTIONS)).toBe('too_few_conversions');
    expect(powerOf(few, { ...plan, channel: 'c', share: undefined }, OPTIONS)).toBe('unknown_share');
    // Half of each of its conversions at most.
    const halves = sampleOf([100, journeys('a>b')], [100, journeys('b')]);
    expect(powerOf(halves, { ...plan, share: 0.6 }, OPTIONS)).toBe('out_of_reach');
    const bot = sampleOf([300, journeys('a')], [300, journeys('b')], [1, journeys('b', 150)]);
    expect(powerOf(bot, plan, OPTIONS)).toBe('few_users_decide');
  });
});

test('a sample of another share: users who met the channel make room for others, or others for them', () => {
  const sample = sampleOf([300, journeys('a')], [700, journeys('b')]);
  expect(withShare(sample, 'a', 0.3, 0.03)?.rows.map(({ times }) => times)).toEqual([30, 270, 700]);
  expect(withShare(sample, 'a', 0.3, 0.5)?.rows.map(({ times }) => Math.round(times))).toEqual([300, 300]);
  expect(withShare(sample, 'a', 0.3, 0.3)).toBe(sample);
});
