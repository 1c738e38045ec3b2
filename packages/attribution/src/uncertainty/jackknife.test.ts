import { describe, expect, test } from 'vitest';
import type { Grouped } from './grouped.ts';
import { type GroupedChannel, hasFewBefore, jackknife, ofRatio } from './jackknife.ts';
import { partBelow, student, wilson } from './scales.ts';

const GROUPS = 16;

function sumOf(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

/** An answer of the sum game, where credit adds up: conversions by group and channel. */
function answered(byGroup: readonly (readonly number[])[], more: Partial<Grouped> = {}) {
  const channels = ['a', 'b', 'c'].slice(0, byGroup[0]?.length);
  const all = channels.map((_, i) => byGroup.reduce((sum, group) => sum + (group[i] as number), 0));
  const of = (amounts: readonly number[]) => {
    const total = sumOf(amounts);
    return { total, shares: Float64Array.from(amounts, (x) => x / total), effects: Float64Array.from(amounts) };
  };
  return jackknife({
    model: 'shapley',
    reward: 'conversions',
    level: 0.9,
    channels,
    is: of(all),
    without: byGroup.map((group) => of(all.map((amount, i) => amount - (group[i] as number)))),
    // As many as the amounts say: each is worth 1.
    conversions: { is: sumOf(all), without: byGroup.map((group) => sumOf(all) - sumOf(group)) },
    met: channels.map((_, i) => byGroup.map((group) => Math.max(0, group[i] as number))),
    alone: channels.map(() => ({ journeys: 100, groups: GROUPS })),
    singleOrders: [],
    orders: [],
    ...more,
  });
}

/** The counts that go with these amounts by group, taken as conversions. */
function conversionsOf(byGroup: readonly (readonly number[])[]): Pick<Grouped, 'conversions' | 'met'> {
  const own = byGroup.map(sumOf);
  const all = sumOf(own);
  return {
    conversions: { is: all, without: own.map((one) => all - one) },
    met: (byGroup[0] ?? []).map((_, i) => byGroup.map((group) => group[i] as number)),
  };
}

const UNEVEN = Array.from({ length: GROUPS }, (_, group) => [40 + (group % 5), 20 + ((group * 7) % 4), 3 + (group % 2)]);

describe('a delete-a-group jackknife', () => {
  test('of what adds up, the variance is that of the groups', () => {
    const amounts = UNEVEN.map(([first]) => first as number);
    const total = amounts.reduce((sum, x) => sum + x, 0);
    const variance = (GROUPS / (GROUPS - 1)) * amounts.reduce((sum, x) => sum + (x - total / GROUPS) ** 2, 0);
    const width = (student(0.9, GROUPS - 1) * Math.sqrt(variance)) / total;
    const [a] = answered(UNEVEN).channels;
    expect(a?.credit?.low).toBeCloseTo(total / Math.exp(width), 9);
    expect(a?.credit?.high).toBeCloseTo(total * Math.exp(width), 9);
    expect(a?.effect).toEqual(a?.credit);
  });

  test('a lower bound below 0 stays where it is, however few groups know the channel (before: it was raised to 0)', () => {
    // The effect of a channel that 5 groups know: 0.01, and from −0.2 to 0.2 without any of them.
    const byGroup = UNEVEN.map(([a = 0, b = 0], group) => [a, b, group < 5 ? 1 : 0]);
    const effects = (effect: number) => Float64Array.from([0.5, 0.3, effect]);
    const is = { total: 100, shares: Float64Array.from([0.6, 0.3, 0.1]), effects: effects(0.01) };
    const without = byGroup.map((_, group) => ({ ...is, effects: effects(group % 2 === 0 ? -0.2 : 0.2) }));
    const [, , c] = answered(byGroup, { model: 'markovShapley', is, without }).channels;
    const [half, middle] = [
      ((c?.effect?.high ?? 0) - (c?.effect?.low ?? 0)) / 2,
      ((c?.effect?.high ?? 0) + (c?.effect?.low ?? 0)) / 2,
    ];
    expect(middle).toBeCloseTo(0.01, 12);
    expect(half).toBeGreaterThan(1);
  });

  test('users of one group stand together: 40 conversions of one group are not as certain as 10 in each', () => {
    const { met } = conversionsOf(UNEVEN);
    const width = (groups: number[][]) => {
      const { low, high } = answered(groups, { met }).channels[0]?.share ?? { low: 0, high: 0 };
      return high - low;
    };
    const even = UNEVEN.map(([a, b, c]) => [(a as number) + 10, b as number, c as number]);
    const heaped = UNEVEN.map(([a, b, c], group) => [(a as number) + (group === 0 ? 40 : 0), b as number, c as number]);
    expect(width(heaped)).toBeGreaterThan(3 * width(even));
  });

  test('fewer than 8 groups have no intervals, and say so', () => {
    const { cautions, channels } = answered(UNEVEN.slice(0, 7));
    expect(cautions).toEqual(['too_few_groups']);
    expect(channels.map(({ share, credit, effect, rank }) => [share, credit, effect, rank])).toEqual(
      new Array(3).fill([null, null, null, null]),
    );
    expect(answered(UNEVEN.slice(0, 8)).cautions).toEqual([]);
  });

  test('a channel that 4 of 16 groups know has no interval: fewer than 5 users leave as many empty; 5 are enough, 12 without a mark', () => {
    const known = (by: number) => answered(UNEVEN.map(([a, b], group) => [a as number, b as number, group < by ? 1 : 0]));
    const none = { share: null, credit: null, effect: null, rank: null, ofRatios: null, cautions: ['few_groups'] };
    expect(known(4).channels[2]).toMatchObject(none);
    expect(known(4).channels[0]?.share).not.toBeNull();
    const some = { share: expect.anything(), credit: expect.anything(), rank: { from: 3 } };
    expect(known(5).channels[2]).toMatchObject({ ...some, ofRatios: null, cautions: ['few_users'] });
    expect(known(8).channels[2]).toMatchObject({ ...some, ofRatios: expect.anything(), cautions: ['few_users'] });
    expect(known(12).channels[2]).toMatchObject({ ...some, ofRatios: expect.anything(), cautions: [] });
  });

  test('value that few orders decide has no interval; refunds above sales neither', () => {
    const value = { reward: 'value' } as const;
    const large = UNEVEN.map(([a, b, c], group) => [(a as number) + (group === 3 ? 5_000 : 0), b as number, c as number]);
    const counts = conversionsOf(UNEVEN);
    expect(answered(large, { ...value, ...counts }).cautions).toEqual(['few_orders_decide']);
    expect(answered(UNEVEN, value).cautions).toEqual(['larger_orders_unseen']);
    expect(
      answered(
        UNEVEN.map((group) => group.map((x) => -x)),
        value,
      ).cautions,
    ).toContain('value_not_positive');
  });

  test('orders that are known by themselves refuse value where their tail has no variance, and say nothing where they are alike', () => {
    const counts = conversionsOf(UNEVEN);
    const heavy = Array.from({ length: 100 }, (_, i) => ({ value: (100 / (i + 0.5)) ** (1 / 1.5), channels: ['a', 'b'] }));
    const value = { reward: 'value', ...counts } as const;
    expect(answered(UNEVEN, { ...value, singleOrders: heavy }).cautions).toContain('few_orders_decide');
    expect(answered(UNEVEN, { ...value, singleOrders: heavy.map((one) => ({ ...one, value: 50 })) }).cautions).not.toContain(
      'few_orders_decide',
    );
  });

  test('value four times less certain than the users are has no interval: few of its orders may decide it', () => {
    const counts = conversionsOf(UNEVEN);
    const worth = (base: number) => UNEVEN.map((group, i) => group.map((amount) => amount * (base + ((i * 5) % 7))));
    expect(answered(worth(2), { reward: 'value', ...counts }).cautions).toContain('few_orders_decide');
    expect(answered(worth(12), { reward: 'value', ...counts }).cautions).not.toContain('few_orders_decide');
  });

  test('users who convert repeatedly need 200 of one conversion, for how often each does is not known (before: 100, from 15 on)', () => {
    const spread = (heap: number) =>
      UNEVEN.map(([a, b, c], group) => [(a as number) + (group % 4) * heap, b as number, c as number]);
    const cautionsOf = (groups: number[][]) => answered(groups).cautions;
    expect(cautionsOf(spread(4))).toEqual([]);
    expect(cautionsOf(spread(30))).toEqual(['few_users_decide']);
  });

  test('below 100 conversions there is a caution above all, where there are intervals (before: over files alone)', () => {
    const of = (each: number) => UNEVEN.map((_, group) => [each + (group % 2), 2]);
    expect(answered(of(3)).cautions).toEqual(['fewer_than_100_conversions']);
    expect(answered(of(4)).cautions).toEqual([]);
    expect(answered(of(3).slice(0, 4)).cautions).toEqual(['too_few_groups']);
  });

  test('of 11 200 conversions they need 955 of one conversion, for laws without a variance show 850 as well (before: 746)', () => {
    const apart = (by: number) => Array.from({ length: GROUPS }, (_, group) => [700 + (group % 2 === 0 ? by : -by)]);
    expect(answered(apart(80)).cautions).toEqual([]);
    expect(answered(apart(93)).cautions).toEqual(['few_users_decide']);
  });

  test('an effect of all is as certain as all conversions are (before: 0–1)', () => {
    const all = { total: 1_000, shares: Float64Array.of(1), effects: Float64Array.of(1) };
    const without = UNEVEN.map((_, group) => ({ ...all, effects: Float64Array.of(group === 0 ? 1 : 1 - 1e-6) }));
    const [channel] = answered(
      UNEVEN.map(([a]) => [a as number]),
      { model: 'markov', is: all, without },
    ).channels;
    expect(channel?.effect?.low).toBeGreaterThan(0.95);
    expect(channel?.effect?.high).toBe(1);
  });

  test('a share that rounding left below 0 is 0, and withholds nothing (before: every interval)', () => {
    const rounded = (shares: readonly number[]) => Float64Array.from([...shares, -5e-17]);
    const groups = UNEVEN.map(([a, b]) => [a as number, b as number, 0]);
    const of = (amounts: readonly number[]) => {
      const total = sumOf(amounts);
      const shares = rounded(amounts.slice(0, 2).map((x) => x / total));
      return { total, shares, effects: shares };
    };
    const all = [0, 1].map((i) => sumOf(groups.map((group) => group[i] as number)));
    const is = of(all);
    const without = groups.map((group) => of(all.map((amount, i) => amount - (group[i] as number))));
    const { cautions, channels } = answered(groups, { model: 'markovShapley', is, without });
    expect(cautions).toEqual([]);
    expect(channels.map(({ share }) => share !== null)).toEqual([true, true, false]);
  });

  test('a credit that few groups know is lowered more where it is printed for ratios, which need more users', () => {
    const byGroup = UNEVEN.map(([a], group) => [a as number, group < 11 ? 1 + (group % 2) : 0]);
    const [, few] = answered(byGroup).channels;
    expect(few?.ofRatios?.high).toBe(few?.credit?.high);
    expect(few?.ofRatios?.low).toBeLessThan(few?.credit?.low as number);
    const [all] = answered(byGroup).channels;
    expect(all?.ofRatios).toEqual(all?.credit);
  });

  test('few conversions of equal value have the intervals of the conversions; of values that differ none', () => {
    const few = UNEVEN.map((_, group) => [group % 2 === 0 ? 5 : 1, group % 3]);
    const prices = UNEVEN.map((_, group) => 20 + 90 * ((group * 7) % 3));
    const priced = (price: (group: number) => number) => few.map((group, i) => group.map((amount) => amount * price(i)));
    const value = { reward: 'value', ...conversionsOf(few) } as const;
    const alike = answered(
      priced(() => 50),
      value,
    );
    expect(alike.cautions).not.toContain('few_orders_decide');
    const credits = answered(few, conversionsOf(few)).channels.map(({ credit }) => [credit?.low, credit?.high]);
    for (const [i, { credit }] of alike.channels.entries()) {
      expect((credit?.low as number) / 50).toBeCloseTo(credits[i]?.[0] as number, 9);
      expect((credit?.high as number) / 50).toBeCloseTo(credits[i]?.[1] as number, 9);
    }
    const differing = answered(
      priced((group) => prices[group] as number),
      value,
    );
    expect(differing.cautions).toContain('few_orders_decide');
    expect(differing.channels.map(({ credit, share }) => [credit, share])).toEqual(new Array(2).fill([null, null]));
  });

  test('a channel has an interval of value by its conversions and the values of all, not by its own values', () => {
    // All are as certain as some 450 equal ones: a third of these are over b, a fortieth over c.
    const groups = UNEVEN.map((_, group) => [60, 30, 2 + (group % 2)]);
    const worth = groups.map((group, i) => group.map((amount) => amount * (8 + ((i * 5) % 7))));
    const { cautions, channels } = answered(worth, { reward: 'value', ...conversionsOf(groups) });
    expect(cautions).not.toContain('few_orders_decide');
    expect(channels.map(({ credit }) => credit !== null)).toEqual([true, true, false]);
    expect(channels[2]?.cautions).toEqual(['few_orders_decide']);
  });

  test('one channel has all credit: as many witnesses as there are conversions, at most (before: 100 (100–100))', () => {
    const { share, credit } = answered(UNEVEN.map(([x]) => [x as number])).channels[0] ?? {};
    const all = sumOf(UNEVEN.map(([x]) => x as number));
    expect(share?.high).toBe(1);
    expect(share?.low).toBeCloseTo(all / (all + student(0.9, GROUPS - 1) ** 2), 9);
    expect(credit).not.toBeNull();
  });

  test('the same in every group: no interval of credit, which would have no width, and a share by its conversions', () => {
    const { channels } = answered(UNEVEN.map(() => [3, 1]));
    for (const { credit, effect, cautions } of channels)
      expect([credit, effect, cautions]).toEqual([null, null, ['never_differs']]);
    expect(channels[0]?.share).toEqual(wilson(0.75, 64, student(0.9, GROUPS - 1)));
    expect(channels[0]?.rank).toMatchObject({ from: 1, to: 1 });
  });

  describe('what a rule rounds does not count as a difference between users (before: 33.3–33.3, and #1, #2 of equal channels)', () => {
    /** `a > b` of `counts` users in each group: the odd micro of each conversion, or the odd unit of each order, goes to `a`. */
    const halved = (reward: 'conversions' | 'value', unit: number, odd: (group: number) => number, orders = 25) =>
      Array.from({ length: GROUPS }, (_, group) => [
        orders / 2 + (unit * odd(group)) / 2,
        orders / 2 - (unit * odd(group)) / 2,
      ]).map(([a = 0, b = 0]) => (reward === 'value' ? [a * 1_000, b * 1_000] : [a, b]));
    const counts = (orders: number): Pick<Grouped, 'conversions' | 'met'> => ({
      conversions: { is: orders * GROUPS, without: Array.from({ length: GROUPS }, () => orders * (GROUPS - 1)) },
      met: [0, 1].map(() => new Array<number>(GROUPS).fill(orders)),
    });

    test.each([
      ['conversions', 1e-6],
      ['value', 1e-3],
    ] as const)('of %s: they share a rank, and a share is as certain as the conversions are', (reward, unit) => {
      // In each group 8 to 12 of 25 orders leave a rest.
      const byGroup = halved(reward, unit, (group) => 8 + (group % 5));
      const ofRule = answered(byGroup, { model: 'linear', reward, ...counts(25) });
      for (const { share, rank } of ofRule.channels) {
        expect((share?.high ?? 0) - (share?.low ?? 0)).toBeGreaterThan(0.07);
        expect(rank).toMatchObject({ from: 1, to: 2, isTie: true });
      }
      expect(ofRule.channels[0]?.rank?.aboveNext).toBe(0.5);
    });

    test('what rounding cannot make still stands apart', () => {
      const byGroup = Array.from({ length: GROUPS }, (_, group) => [14 + (group % 2), 11 - (group % 2)]);
      const { channels } = answered(byGroup, { model: 'linear', ...counts(25) });
      expect(channels.map(({ rank }) => rank?.from)).toEqual([1, 2]);
      expect(channels[0]?.share?.high).toBeLessThan(0.6);
    });
  });

  test('a credit over an earlier one allows for both being printed where they did well (before: 24–71 % held)', () => {
    const known = (groups: number): GroupedChannel => {
      const byGroup = UNEVEN.map(([a = 0, b = 0], group) => [a, b, group < groups ? 2 + (group % 2) : 0]);
      return answered(byGroup).channels[2] as GroupedChannel;
    };
    const all = known(GROUPS);
    const ratioOf = (now: GroupedChannel, before: GroupedChannel) => ofRatio(now, before, 0.9);
    // 12 of 16 groups are the fewest that show 20 users: nothing says how few they are.
    expect([known(12), known(13), all].map(hasFewBefore)).toEqual([true, false, false]);
    expect(ratioOf(all, known(12))).toBeNull();
    expect(ratioOf(known(12), all)?.low).toBe(0);
    const [few, many] = [
      ratioOf(known(13), all),
      ratioOf({ ...known(13), amounts: { ...known(13).amounts, known: GROUPS } }, all),
    ];
    expect(few?.high).toBe(many?.high);
    expect(few?.low).toBeLessThan(0.8 * (many?.low ?? 0));
    const [raised, plain] = [
      ratioOf(all, known(13)),
      ratioOf(all, { ...known(13), amounts: { ...known(13).amounts, known: GROUPS } }),
    ];
    expect(raised?.low).toBe(plain?.low);
    expect(raised?.high).toBeGreaterThan(1.2 * (plain?.high ?? 0));
  });

  test.each([8, 9, 16])(
    '%i groups that all know a channel may be of any number of users (before: none with 8 or 9)',
    (groups) => {
      const of = (shift: number) =>
        answered(Array.from({ length: groups }, (_, group) => [40 + ((group * 3 + shift) % 5), 60 + ((group + shift) % 4)]))
          .channels[0] as GroupedChannel;
      expect([hasFewBefore(of(0)), of(0).cautions]).toEqual([false, []]);
      const ratio = ofRatio(of(1), of(0), 0.9);
      expect([ratio !== null && ratio.low < 1, ratio !== null && ratio.high > 1]).toEqual([true, true]);
    },
  );

  test('a rate that is lower with a channel is not taken for a refund (before: refunds outweigh sales)', () => {
    const byGroup = Array.from({ length: GROUPS }, (_, group) => [60 + (group % 5), -3 - (group % 2)]);
    const more = { reward: 'value', ...conversionsOf(byGroup.map(() => [30, 30])) } as const;
    const codes = (model: Grouped['model']) => answered(byGroup, { model, ...more }).channels[1]?.cautions;
    expect(codes('rateShapley')).not.toContain('value_not_positive');
    expect(codes('shapley')).toContain('value_not_positive');
  });

  test('orders worth 0 are not refunds: in all channels, or in one of them', () => {
    const value = { reward: 'value', ...conversionsOf(UNEVEN) } as const;
    const nothing = answered(
      UNEVEN.map(() => [0, 0, 0]),
      value,
    );
    expect(nothing.cautions).toEqual(['no_value']);
    const some = answered(
      UNEVEN.map(([a, b]) => [a as number, b as number, 0]),
      value,
    );
    expect(some.channels.map(({ cautions }) => cautions)).toEqual([[], [], ['no_value']]);
  });

  test('a user with 150 orders beside 600 users with one: no interval, of conversions or of value (before: held in 18–76 % of the samples)', () => {
    const bot = UNEVEN.map((_, group) => [20 + (group % 3), 10 + (group % 4) + (group === 5 ? 150 : 0)]);
    for (const reward of ['conversions', 'value'] as const) {
      const { cautions, channels } = answered(bot, { reward });
      expect(cautions).toEqual(['few_users_decide']);
      expect(channels.map(({ share, credit, effect }) => [share, credit, effect])).toEqual(new Array(2).fill([null, null, null]));
    }
  });

  test('shares outside of the whole leave effects only', () => {
    const { cautions, channels } = answered(UNEVEN.map(([a, b, c]) => [(a as number) + 90, b as number, -(c as number)]));
    expect(cautions).toEqual(['outside_of_whole']);
    expect(channels.map(({ share, credit }) => [share, credit])).toEqual(new Array(3).fill([null, null]));
  });

  test('the game of rates needs journeys over the channel alone', () => {
    const alone = [
      { journeys: 30, groups: 5 },
      { journeys: 29, groups: 16 },
      { journeys: 90, groups: 4 },
    ];
    expect(answered(UNEVEN, { model: 'rateShapley', alone }).channels.map(({ cautions }) => cautions)).toEqual([
      [],
      ['few_journeys_alone'],
      ['few_journeys_alone'],
    ]);
  });

  test('a channel whose conversions differ between groups more than those of others has no interval, and leaves no shares (before: held in 76 %)', () => {
    // 40 users convert once over c, and two of them 12 times: as many conversions as 64 single ones.
    const ofC = (group: number) => (group % 2) + 2 + (group === 3 || group === 9 ? 12 : 0);
    const byGroup = UNEVEN.map(([a = 0, b = 0], group) => [a, b, ofC(group)]);
    const { cautions, channels } = answered(byGroup);
    expect(cautions).toEqual(['shares_not_certain']);
    expect(channels[2]).toMatchObject({ share: null, credit: null, effect: null, cautions: ['differs_between_groups'] });
    expect(channels[0]).toMatchObject({ share: null, credit: expect.anything(), cautions: [] });
    // Below a twentieth of all it decides the parts of no other.
    const large = byGroup.map(([a = 0, b = 0, c = 0]) => [a * 20, b * 20, c]);
    expect(answered(large).channels[0]?.share).not.toBeNull();
    expect(answered(large).channels[2]?.share).toBeNull();
    // Where all users convert as often, no channel stands apart.
    const often = UNEVEN.map((_, group) => [40, 30, 20].map((x, i) => x * 5 + 16 * ((group * (i + 2)) % 5)));
    expect(answered(often).channels.map(({ cautions: codes }) => codes)).toEqual([[], [], []]);
  });

  test('the orders of one channel refuse its value where they show a tail, and all parts of it (before: held in 79 %)', () => {
    const value = { reward: 'value', ...conversionsOf(UNEVEN) } as const;
    const even = Array.from({ length: 600 }, (_, i) => ({ value: 50, channels: [i % 2 === 0 ? 'a' : 'b'] }));
    const heavy = Array.from({ length: 40 }, (_, i) => ({ value: 20 * (40 / (i + 0.5)) ** (1 / 1.5), channels: ['c'] }));
    const { cautions, channels } = answered(UNEVEN, { ...value, singleOrders: [...even, ...heavy] });
    expect(cautions).toEqual(['shares_not_certain', 'larger_orders_unseen']);
    expect(channels[2]).toMatchObject({ share: null, credit: null, cautions: ['few_orders_decide'] });
    expect(channels[0]).toMatchObject({ share: null, credit: expect.anything(), cautions: [] });
    expect(answered(UNEVEN, { ...value, singleOrders: even }).channels[2]?.credit).not.toBeNull();
  });

  test('of rates, what may be below 0 hands out no credit: its sign must be certain, and the lower bound allows for that (before: held in 0–73 %)', () => {
    const [low, sure] = [UNEVEN, UNEVEN].map((byGroup, i) => {
      const of = (group: number) => Float64Array.from([0.5, 0.3, 0.1 + ((group % 2) - 0.5) * (i === 0 ? 0.025 : 0.01)]);
      const is = { total: 100, shares: Float64Array.from([0.55, 0.34, 0.11]), effects: Float64Array.from([0.5, 0.3, 0.1]) };
      return answered(byGroup, { model: 'rateShapley', is, without: byGroup.map((_, group) => ({ ...is, effects: of(group) })) });
    });
    expect(low?.channels[2]).toMatchObject({ share: null, credit: null, ofRatios: null, cautions: ['sign_not_certain'] });
    expect(low?.channels[2]?.effect?.low).toBeGreaterThan(0);
    expect(sure?.channels[2]?.share).not.toBeNull();
  });

  test('ranks: apart where the order is certain, together where it is not, and equal in every group half above', () => {
    const [a, b, c] = answered(UNEVEN).channels;
    expect([a?.rank, b?.rank, c?.rank].map((rank) => [rank?.from, rank?.to])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const [one, two] = answered(UNEVEN.map(([x]) => [x as number, x as number])).channels;
    expect(one?.rank).toEqual({ from: 1, to: 2, isTie: true, aboveNext: 0.5 });
    expect(two?.rank).toEqual({ from: 1, to: 2, isTie: true, aboveNext: null });
  });
});

test.each([
  [1, 6.313752, 0.95],
  [2, 2.919986, 0.95],
  [3, 2.353363, 0.95],
  [7, 1.894579, 0.95],
  [14, 1.76131, 0.95],
  [15, 1.75305, 0.95],
  [15, -2.60248, 0.01],
  [31, 0, 0.5],
])('below t of %i degrees, %d: %d', (degrees, t, part) => {
  expect(partBelow(t, degrees)).toBeCloseTo(part, 5);
});
