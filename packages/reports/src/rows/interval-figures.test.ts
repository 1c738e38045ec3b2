import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import type { GroupedChannel } from '@tributary/attribution/uncertainty/jackknife';
import { expect, test } from 'vitest';
import type { ModelUncertainty } from '../credit/uncertainty.ts';
import { changeIntervals, intervalFigures, ratioIntervals, withCodesOfRewards } from './interval-figures.ts';

const GROUPS = 16;

/** A channel with this credit, of which the groups have nearly equal parts. */
function channel(credit: number, more: Partial<GroupedChannel> = {}): GroupedChannel {
  const interval = { low: 0.9 * credit, high: 1.1 * credit };
  const without = Array.from({ length: GROUPS }, (_, group) => credit * (1 + ((group % 5) - 2) / 100));
  const none = { share: null, effect: null, rank: null, cautions: [] };
  return {
    channel: 'a',
    ...none,
    credit: interval,
    ofRatios: interval,
    amounts: { is: credit, without, rounding: 0, known: GROUPS },
    ...more,
  };
}

function uncertainty(...channels: GroupedChannel[]): ModelUncertainty {
  const rewards = [
    { reward: 'conversions', cautions: [], channels: new Map(channels.map((one) => [one.channel, one])) },
  ] as const;
  return { groups: GROUPS, level: 0.9, hasEffects: true, rewards };
}

const ROW = { costMinor: 300, previousCostMinor: 200, creditMicros: 100_000_000, previousCreditMicros: 80_000_000 };

/** Groups that differ from those of the other window: their ratio is uncertain. */
function earlierChannel(credit: number, more: Partial<GroupedChannel> = {}): GroupedChannel {
  const earlier = channel(credit, more);
  return { ...earlier, amounts: { ...earlier.amounts, without: earlier.amounts.without.toReversed() } };
}

test('CPA over that of the earlier window has an interval around it, the costs taken as known', () => {
  const of = changeIntervals(uncertainty(channel(100)), uncertainty(channel(80, { credit: { low: 70, high: 90 } })), 'a', ROW);
  expect(of['cpaRatio']).toBeCloseTo(1.5 * 0.8, 12);
  // Every group moves both windows alike: nothing is uncertain of the ratio.
  expect([of['cpaRatioLow'], of['cpaRatioHigh']]).toEqual([null, null]);
  const apart = changeIntervals(uncertainty(channel(100)), uncertainty(earlierChannel(80)), 'a', ROW);
  expect(apart['cpaRatioLow']).toBeLessThan(1.2);
  expect(apart['cpaRatioHigh']).toBeGreaterThan(1.2);
  expect((apart['cpaRatioLow'] as number) * (apart['cpaRatioHigh'] as number)).toBeCloseTo(1.2 ** 2, 9);
  expect(apart['previousConversionsCautions']).toBe('');
});

test('no interval of it where either window has few conversions, or the earlier one does not know the channel: the codes say so', () => {
  const few = { cautions: ['few_users'] } as const;
  const of = changeIntervals(uncertainty(channel(100)), uncertainty(earlierChannel(80, few)), 'a', ROW);
  expect([of['cpaRatioLow'], of['cpaRatioHigh'], of['previousConversionsCautions']]).toEqual([null, null, 'few_users']);
  const now = changeIntervals(uncertainty(channel(100, few)), uncertainty(earlierChannel(80)), 'a', ROW);
  expect([now['cpaRatioLow'], now['cpaRatioHigh'], now['previousConversionsCautions']]).toEqual([null, null, '']);
  const unknown = changeIntervals(uncertainty(channel(100)), uncertainty(), 'a', ROW);
  expect([unknown['conversionsChangeLow'], unknown['previousConversionsCautions']]).toEqual([null, 'few_groups']);
});

test('cautions of the earlier window are named for conversions and for value, each by its own', () => {
  const both = (conversions: GroupedChannel, value: GroupedChannel): ModelUncertainty => {
    const of = (one: GroupedChannel) => new Map([[one.channel, one]]);
    const rewards = [
      { reward: 'conversions', cautions: [], channels: of(conversions) },
      { reward: 'value', cautions: [], channels: of(value) },
    ] as const;
    return { groups: GROUPS, level: 0.9, hasEffects: true, rewards };
  };
  const earlier = both(earlierChannel(80, { cautions: ['few_users'] }), earlierChannel(80, { cautions: ['few_orders_decide'] }));
  const of = changeIntervals(both(channel(100), channel(100)), earlier, 'a', ROW);
  expect([of['previousConversionsCautions'], of['previousValueCautions']]).toEqual(['few_users', 'few_orders_decide']);
});

test('without costs the ratio is left out; from no cost, or to none, it is null', () => {
  const both = [uncertainty(channel(100)), uncertainty(channel(80))] as const;
  expect(Object.keys(changeIntervals(...both, 'a', {}))).not.toContain('cpaRatio');
  expect(changeIntervals(...both, 'a', { ...ROW, previousCostMinor: 0 })['cpaRatio']).toBeNull();
  expect(changeIntervals(...both, 'a', { ...ROW, costMinor: 0 })['cpaRatio']).toBeNull();
});

test('where a channel has a cost and no interval of CPA, a code says why; without a cost none is missing', () => {
  const of = (more: Partial<GroupedChannel>, cost: number) => ratioIntervals(uncertainty(channel(8, more)), 'a', cost);
  const few = { ofRatios: null, cautions: ['few_users'] } as const;
  expect(of(few, 100)).toEqual({
    ...{ cpaMinorLow: null, cpaMinorHigh: null, conversionsCautions: 'few_users fewer_than_10_conversions' },
  });
  expect(of(few, 0)['conversionsCautions']).toBe('few_users');
  expect(of({}, 100)['conversionsCautions']).toBe('');
  // Its credit has none either: its own code says so.
  expect(of({ ...few, credit: null, cautions: ['few_groups'] }, 100)['conversionsCautions']).toBe('few_groups');
});

test('what is said of all of an earlier window is said of each channel that has no interval in it', () => {
  const refused = (cautions: readonly CautionCode[], ...channels: GroupedChannel[]): ModelUncertainty => {
    const { rewards, ...rest } = uncertainty(...channels);
    return { ...rest, rewards: rewards.map((reward) => ({ ...reward, cautions })) };
  };
  const codes = (before: ModelUncertainty) =>
    changeIntervals(uncertainty(channel(100)), before, 'a', ROW)['previousConversionsCautions'];
  expect(codes(refused(['few_users_decide']))).toBe('few_users_decide');
  expect(codes(refused(['few_users_decide'], channel(80, { credit: null, cautions: ['few_users'] })))).toBe(
    'few_users_decide few_users',
  );
  // Where there is an interval, it stands.
  expect(codes(refused(['fewer_than_100_conversions'], channel(80)))).toBe('');
  expect(codes(refused([]))).toBe('few_groups');
});

test('a channel that a model credits nothing has a code for its missing interval; what concerns all rows is in each that comes alone', () => {
  const unknown = { conversionsLow: null, cpaMinorLow: null, conversionsCautions: 'few_groups' };
  const known = uncertainty(channel(100));
  expect({ ...intervalFigures(known, 'z'), ...ratioIntervals(known, 'z', 5) }).toMatchObject(unknown);
  const [one] = known.rewards;
  const refused = { ...known, rewards: [{ ...one, channels: new Map(), cautions: ['few_users_decide'] }] } as ModelUncertainty;
  const row = { ...intervalFigures(refused, 'a'), ...ratioIntervals(refused, 'a', 5) };
  expect(row['conversionsCautions']).toBe('');
  expect(withCodesOfRewards(row, refused)['conversionsCautions']).toBe('few_users_decide');
  const noted = { ...known, rewards: [{ ...one, cautions: ['fewer_than_100_conversions'] }] } as ModelUncertainty;
  expect(withCodesOfRewards(intervalFigures(noted, 'z'), noted)['conversionsCautions']).toBe(
    'fewer_than_100_conversions few_groups',
  );
  expect(withCodesOfRewards({ share: 1 }, noted)).toEqual({ share: 1 });
});
