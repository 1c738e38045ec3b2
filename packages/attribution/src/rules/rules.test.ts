import { split } from '@tributary/model/amounts/money';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { creditByRule } from '../paths/credit.ts';
import { touchesOf, type WeightedPath } from '../paths/weighted-path.ts';
import { parseCustom } from './custom.ts';
import { RULE_NAMES, type RuleName, ruleOf, type Shape } from './rules.ts';
import { decayBySteps } from './weights.ts';

const DAY_MS = 86_400_000;
const SHAPE: Shape = {
  directChannels: new Set(['direct']),
  attribution: { positionBased: { first: 40, last: 40 } },
  decayWeights: decayBySteps(DAY_MS, 7 * DAY_MS),
  custom: parseCustom('7,13,1..50'),
};
const shaped = (first: number, last: number): Shape => ({ ...SHAPE, attribution: { positionBased: { first, last } } });
const custom = (text: string): Shape => ({ ...SHAPE, custom: parseCustom(text) });

const touches = (text: string) => text.split('>');
const counted = (counts: Readonly<Record<string, number>>): WeightedPath[] =>
  Object.entries(counts).map(([path, conversions]) => ({ path: touches(path), conversions, value: conversions, nulls: 0 }));

/** Conversions by channel, in millionths. */
function micros(paths: readonly WeightedPath[], rule: RuleName, shape = SHAPE): Record<string, number> {
  return Object.fromEntries([...creditByRule(paths, rule, shape)].map(([channel, { creditMicros }]) => [channel, creditMicros]));
}

/** What one conversion worth `total` gives each touch of a path. */
function parts(
  rule: RuleName,
  length: number,
  total = 100,
  { shape = SHAPE, milestones = [] as readonly number[] } = {},
): number[] {
  return split(total, ruleOf(rule).weights(touchesOf({ path: Array.from({ length }, () => 'x'), milestones }), shape));
}

describe('published results', () => {
  // DP6's nine paths, each of value 3: the sums it publishes, in millionths.
  const nine = counted({ a: 3, 'a>b': 3, 'a>b>c': 3, b: 3, 'b>a': 3, 'b>c>a': 3, c: 3, 'c>a': 3, 'c>b>a': 3 });
  it.each([
    ['first', [9, 9, 9]],
    ['last', [15, 6, 6]],
    ['lastNonDirect', [3, 12, 12]],
    ['linear', [10.5, 9, 7.5]],
    ['positionBased', [11.1, 8.4, 7.5]],
  ] as const)('DP6, nine paths, a being direct: %s', (rule, [a, b, c]) => {
    expect(micros(nine, rule, { ...SHAPE, directChannels: new Set('a') })).toEqual({ a: a * 1e6, b: b * 1e6, c: c * 1e6 });
  });

  it('direct (2), search>email (3), search>social>email (5): linear is 2, 19/6, 19/6, 5/3', () => {
    const got = micros(counted({ direct: 2, 'search>email': 3, 'search>social>email': 5 }), 'linear');
    // Cumulative rounding: each part of a path is off by less than a millionth, and the sum is the unit.
    expect(got['direct']).toBe(2_000_000);
    for (const [channel, exact] of [
      ['search', 19 / 6],
      ['email', 19 / 6],
      ['social', 5 / 3],
    ] as const)
      expect(Math.abs((got[channel] as number) - exact * 1e6)).toBeLessThan(2);
    expect(Object.values(got).reduce((sum, part) => sum + part)).toBe(10_000_000);
  });
});

describe('shapes', () => {
  it.each([
    ['positionBased', SHAPE, [[100], [50, 50], [40, 20, 40], [40, 10, 10, 40]]],
    ['jShaped', SHAPE, [[100], [25, 75], [20, 20, 60], [20, 10, 10, 60]]],
    ['inverseJ', SHAPE, [[100], [75, 25], [60, 20, 20], [60, 10, 10, 20]]],
    // Nothing at the ends.
    ['positionBased', shaped(0, 0), [[100], [50, 50], [0, 100, 0], [0, 50, 50, 0]]],
    ['custom', custom('0..0'), [[100], [50, 50], [0, 100, 0], [0, 50, 50, 0]]],
    // Only the first.
    ['positionBased', shaped(100, 0), [[100], [100, 0], [100, 0, 0]]],
    ['custom', custom('100..'), [[100], [100, 0], [100, 0, 0]]],
    // U by its long name.
    ['custom', custom('40..40'), [[100], [50, 50], [40, 20, 40], [40, 10, 10, 40]]],
  ] as [RuleName, Shape, number[][]][])('%s', (rule, shape, expected) => {
    expected.forEach((row, i) => {
      expect(parts(rule, i + 1, 100, { shape })).toEqual(row);
    });
  });

  test('custom weights: overlapping ends add, an empty middle leaves its part to the others', () => {
    const shape = custom('30,10..10,30');
    // Three touches: 30, 10 + 10, 30 of 80.
    expect(parts('custom', 3, 80, { shape })).toEqual([30, 20, 30]);
    expect(parts('custom', 4, 80, { shape })).toEqual([30, 10, 10, 30]);
    expect(parts('custom', 6, 100, { shape })).toEqual([30, 10, 10, 10, 10, 30]);
  });

  test('W: first, lead and opportunity 30 each, the rest shares 10; milestones on one touch add', () => {
    expect(parts('wShaped', 5, 100, { milestones: [2, 4] })).toEqual([30, 5, 30, 5, 30]);
    expect(parts('wShaped', 5, 300, { milestones: [2, 2] })).toEqual([90, 10, 180, 10, 10]);
    expect(parts('wShaped', 1, 100, { milestones: [0, 0] })).toEqual([100]);
    // Nothing left for the rest: 30/30/30 become thirds.
    expect(parts('wShaped', 3, 99, { milestones: [1, 2] })).toEqual([33, 33, 33]);
    // A path that reached no milestone: 30 for the first, 10 for the two others.
    expect(parts('wShaped', 3, 40)).toEqual([30, 5, 5]);
  });

  test('time decay: touches 21, 14, 7 and 0 days before weigh 1, 2, 4 and 8 fifteenths', () => {
    const shape = { ...SHAPE, decayWeights: decayBySteps(7 * DAY_MS, 7 * DAY_MS) };
    expect(parts('timeDecay', 4, 15, { shape })).toEqual([1, 2, 4, 8]);
    // Twenty half-lives back no touch weighs more than another, and none is without a part.
    const long = touchesOf({ path: touches('a>'.repeat(40).slice(0, -1)) });
    expect(ruleOf('timeDecay').weights(long, shape).slice(0, 20)).toEqual(new Array(20).fill(1));
  });
});

const anyPath = fc.array(fc.constantFrom('a', 'b', 'c', 'direct', '__proto__'), { maxLength: 8 }).map((path) => ({
  path,
  milestones: path.length === 0 ? [] : [path.length >> 1, path.length - 1],
}));
const anyCounts = fc.record({
  conversions: fc.nat(50),
  value: fc.integer({ min: 0, max: 1_000_003 }),
  nulls: fc.nat(50),
});
const anyWeighted = fc.tuple(anyPath, anyCounts).map(([path, counts]) => ({ ...path, ...counts }));

describe.each(RULE_NAMES)('law 4, conservation: %s', (rule) => {
  test('channels sum to the conversions and the value of the paths that have touches, to the unit', () => {
    fc.assert(
      fc.property(fc.array(anyWeighted, { maxLength: 12 }), (paths) => {
        const credit = [...creditByRule(paths, rule, SHAPE).values()];
        const attributed = paths.filter(({ path }) => path.length > 0);
        const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
        expect(sum(credit.map((one) => one.creditMicros))).toBe(1_000_000 * sum(attributed.map((one) => one.conversions)));
        expect(sum(credit.map((one) => one.valueMinor))).toBe(sum(attributed.map((one) => one.value)));
        expect(credit.every((one) => one.creditMicros >= 0 && one.valueMinor >= 0)).toBe(true);
      }),
    );
  });

  test('a path of 10 000 touches is weighed in integers that split can use', () => {
    const long: WeightedPath = {
      path: Array.from({ length: 10_000 }, (__, i) => `c${i % 7}`),
      conversions: 1,
      value: 99,
      nulls: 0,
    };
    const credit = [...creditByRule([long], rule, SHAPE).values()];
    expect(credit.reduce((sum, one) => sum + one.creditMicros, 0)).toBe(1_000_000);
    expect(credit.reduce((sum, one) => sum + one.valueMinor, 0)).toBe(99);
  });
});
