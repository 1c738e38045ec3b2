import { describe, expect, test } from 'vitest';
import type { WeightedPath } from '../paths/weighted-path.ts';
import { deviations } from './scales.ts';
import { type ChannelUncertainty, type UncertaintyOptions, uncertaintyOf } from './uncertainty.ts';
import { journeysAsUnits, type Sample, type UnitRow, unitsOf } from './units.ts';

const SHAPE = { directChannels: new Set<string>(), attribution: { positionBased: { first: 40, last: 40 } }, decayWeights: [1] };
const OPTIONS: UncertaintyOptions = {
  shape: SHAPE,
  models: ['shapley'],
  rewards: ['conversions', 'value'],
  order: 1,
  alpha: 0.5,
  replicates: 200,
  level: 0.9,
  seed: 1,
};

function path(text: string, conversions: number, value: number, nulls = 0): WeightedPath {
  return { path: text.split('>'), conversions, value, nulls };
}

function users(...journeys: WeightedPath[][]): Sample {
  return { kind: 'user', rows: journeys.map((own): UnitRow => ({ times: 1, journeys: own })), hasSingleValues: true };
}

function orders(channel: string, values: readonly number[]): WeightedPath[][] {
  return values.map((value) => [path(channel, 1, value)]);
}

function answerOf(sample: Sample, options: Partial<UncertaintyOptions> = {}) {
  const answer = uncertaintyOf(unitsOf(sample), { ...OPTIONS, ...options });
  const of = (channel: string, reward = 'conversions', model: string = options.models?.[0] ?? 'shapley') =>
    answer.models
      .find((one) => one.model === model && one.reward === reward)
      ?.channels.find((one) => one.channel === channel) as ChannelUncertainty;
  return { answer, of };
}

const width = (of: { low: number; high: number } | null) => (of === null ? Number.NaN : of.high - of.low);

describe('what is drawn', () => {
  const many = (text: string, times: number) => Array.from({ length: times }, () => [path(text, 1, 10)]);

  test('one user with 25 purchases is one witness, 25 users with one are 25', () => {
    const one = answerOf(
      users(
        Array.from({ length: 25 }, () => path('a', 1, 10)),
        ...many('b', 18),
      ),
    );
    const each = answerOf(users(...many('a', 25), ...many('b', 18)));
    expect(width(each.of('a').share)).toBeLessThan(0.3);
    // How often users convert is not seen in one.
    expect(one.of('a')).toMatchObject({ share: null, credit: null, cautions: ['too_few_conversions'] });
  });

  test.each([
    ['alike', () => 10],
    ['all different', (i: number) => 10 + i / 1e6],
  ])('an interval is as wide as theory has it, of units that are %s', (_kind, worth) => {
    const values = (from: number, times: number) => Array.from({ length: times }, (_, i) => worth(from + i));
    const { of } = answerOf(users(...orders('a', values(0, 300)), ...orders('b', values(300, 700))), { replicates: 4_000 });
    const normal = 2 * deviations(0.9);
    expect(width(of('a').share) / (normal * Math.sqrt(0.21 / 1_000))).toBeCloseTo(1, 1);
    expect(width(of('a').credit) / (normal * Math.sqrt(300))).toBeCloseTo(1, 1);
    // Every order is worth the same: the value is as certain as their number.
    expect(width(of('a', 'value').credit) / width(of('a').credit)).toBeCloseTo(10, 2);
  });

  test('the same units and seed give the same bits, in any order and by any number of rows; another seed does not', () => {
    const rows = [
      ...many('a', 20),
      ...many('a>b', 9),
      ...many('b', 15),
      [path('a', 1, 7), path('b', 0, 0, 1)],
      [path('c', 0, 0, 4)],
    ];
    const sample = users(...rows);
    const added: Sample = { ...sample, rows: [{ times: 20, journeys: [path('a', 1, 10)] }, ...users(...rows.slice(20)).rows] };
    const options = { models: ['last', 'shapley', 'markov', 'hybrid'] as const, seed: 7 };
    const { answer } = answerOf(sample, options);
    expect(answerOf({ ...sample, rows: sample.rows.toReversed() }, options).answer).toEqual(answer);
    expect(answerOf(added, options).answer).toEqual(answer);
    expect(answerOf(sample, { ...options, seed: 8 }).answer.models).not.toEqual(answer.models);
    // What else is asked for changes nothing.
    const alone = answerOf(sample, { ...options, models: ['markov'] }).answer.models;
    expect(alone).toEqual(answer.models.filter(({ model }) => model === 'markov'));
  });

  test('too few resamplings are refused, more are needed above 95 %', () => {
    const sample = users(...many('a', 3));
    expect(() => answerOf(sample, { replicates: 199 })).toThrow('at least 200');
    expect(() => answerOf(sample, { replicates: 999, level: 0.99 })).toThrow('at least 1000');
    expect(answerOf(sample, { replicates: 200 }).answer).toMatchObject({ unit: 'user', replicates: 200, seed: 1, level: 0.9 });
  });
});

describe('value', () => {
  const others = orders('b', new Array<number>(60).fill(10));

  test('is drawn by its orders: of one large order among small ones there is no interval', () => {
    const wide = answerOf(users(...orders('a', new Array<number>(50).fill(10)), ...others));
    const whale = answerOf(users(...orders('a', [271, ...new Array<number>(49).fill(229 / 49)]), ...others));
    expect(wide.of('a', 'value').share).not.toBeNull();
    expect(whale.of('a', 'value').share).toBeNull();
    expect(whale.answer.models[1]).toMatchObject({ cautions: ['few_orders_decide', 'few_large_orders'], seen: null });
    expect(whale.of('a').share).not.toBeNull();
  });

  test('of orders without a variance there is none, however many they are (before: held in 69–74 % of the samples)', () => {
    const pareto = (exponent: number) => Array.from({ length: 600 }, (_, i) => 10 * (600 / (i + 0.5)) ** (1 / exponent));
    const heavy = answerOf(users(...orders('a', pareto(1.5)), ...others));
    expect(heavy.answer.models[1]).toMatchObject({ cautions: ['few_orders_decide', 'few_large_orders'], seen: null });
    expect(heavy.of('a').share).not.toBeNull();
    expect(answerOf(users(...orders('a', pareto(3)), ...others)).of('a', 'value').share).not.toBeNull();
  });

  test('of one order there is none: it does not show whether orders are alike (before: 9–9)', () => {
    const one = answerOf(users([path('a>b', 1, 20)], [path('b', 0, 0, 5)]));
    expect(one.answer.models[1]).toMatchObject({ cautions: ['few_orders_decide', 'few_large_orders'], seen: null });
    expect(answerOf(users(...orders('a', [20, 20, 20, 20, 20]))).answer.models[1]?.seen).not.toBeNull();
  });

  test('of sums over several orders there is none', () => {
    const { answer, of } = answerOf(journeysAsUnits([path('a', 40, 900, 5), path('b', 1, 3)]));
    expect(answer.models[1]?.cautions).toEqual(['values_as_sums']);
    expect([of('a', 'value').share, of('a', 'value').credit, of('a', 'value').rank]).toEqual([null, null, null]);
    expect(of('a').share).not.toBeNull();
    expect(answer.cautions).toEqual(['journeys_as_units', 'fewer_than_100_conversions']);
  });

  test('an interval says up to which order it goes, and how rare those are that such a sample misses', () => {
    const { answer } = answerOf(users(...orders('a', [...new Array<number>(149).fill(10), 25]), ...others));
    const [conversions, value] = answer.models;
    expect(value?.cautions).toEqual(['larger_orders_unseen']);
    expect(value?.seen?.largest).toBe(25);
    // 210 converted: of what one in 91.2 does, none of them did in 10 of 100 samples.
    expect(value?.seen?.missesBelowOneIn).toBeCloseTo(210 / Math.log(10), 9);
    expect((1 - 1 / 91.2) ** 210).toBeCloseTo(0.1, 2);
    expect([conversions?.seen, conversions?.cautions]).toEqual([null, []]);
  });

  test('fewer than 5 orders of a channel have no interval of value, nor has none: one large order would break it (before: held in 60 %)', () => {
    const differing = Array.from({ length: 600 }, (_, i) => 10 * Math.exp(2 * Math.sin(i)));
    const { of } = answerOf(users(...orders('a', differing), [path('c', 0, 0, 1)]));
    expect(of('a', 'value').share).not.toBeNull();
    expect(of('c', 'value')).toMatchObject({ share: null, cautions: ['no_conversions', 'few_orders_decide'] });
    expect(of('c').share?.high).toBeGreaterThan(0);
    // Also where all orders are alike: the one of a small channel need not be.
    const alike = (own: number) =>
      answerOf(
        users(...orders('a', new Array<number>(200).fill(10)), ...orders('c', new Array<number>(own).fill(10)), [
          path('c', 0, 0, 1),
        ]),
      );
    for (const own of [0, 1, 4]) {
      expect(alike(own).of('c', 'value')).toMatchObject({ share: null, credit: null });
    }
    // 5 have one, down to 0: only samples in which the channel did well print it.
    expect(alike(5).of('c', 'value').credit?.low).toBe(0);
    expect(alike(20).of('c', 'value').credit?.low).toBeCloseTo(10 * (alike(20).of('c').credit?.low as number), 6);
    expect(alike(0).of('c').credit?.high).toBeCloseTo(3.95794, 3);
    // 4 of 204 decide no part of the others.
    expect(alike(4).answer.models[1]?.cautions).not.toContain('shares_not_certain');
  });

  test('one channel whose orders have no variance beside others that are alike: no value of it, and no part of the others (before: held in 70 %)', () => {
    const pareto = Array.from({ length: 40 }, (_, i) => 10 * (40 / (i + 0.5)) ** (1 / 1.5));
    const { answer, of } = answerOf(users(...orders('a', new Array<number>(3_000).fill(10)), ...orders('c', pareto)));
    expect(answer.models[1]?.cautions).toEqual(['larger_orders_unseen']);
    expect(of('c', 'value')).toMatchObject({ share: null, credit: null, cautions: ['few_orders_decide'] });
    expect([of('c').credit, of('a', 'value').credit, of('a', 'value').share]).not.toContain(null);
    // Beside 400 others it has a fifth of the value.
    const large = answerOf(users(...orders('a', new Array<number>(400).fill(10)), ...orders('c', pareto.slice(2))));
    expect(large.answer.models[1]?.cautions).toContain('shares_not_certain');
    expect(large.of('a', 'value')).toMatchObject({ share: null, credit: expect.anything(), cautions: [] });
  });

  test('one order of 5 % of the value is a caution; refunds that outweigh sales leave no interval', () => {
    const large = answerOf(
      users(...orders('a', [...new Array<number>(300).fill(10), 270]), ...orders('b', new Array<number>(210).fill(10))),
    );
    expect(large.answer.models[1]?.cautions).toEqual(['few_large_orders', 'larger_orders_unseen']);
    expect(large.of('a', 'value').credit).not.toBeNull();
    const refunds = answerOf(users(...orders('a', new Array<number>(40).fill(-10)), ...orders('b', [5])));
    expect(refunds.answer.models[1]?.cautions).toContain('value_not_positive');
    expect(refunds.of('a', 'value').share).toBeNull();
  });
});

describe('small counts', () => {
  const sample = users(...orders('a', new Array<number>(40).fill(1)), ...orders('b', [1, 1, 1]), [path('c', 0, 0, 1)]);

  test('no conversion: no rank, an upper bound of 3.96 / (C + 3.96) of users, for 1 to 4 of these are not printed, and of 2.7 / (C + 2.7) of journeys', () => {
    const none = answerOf(users(...orders('a', new Array<number>(43).fill(1)), [path('c', 0, 0, 1)])).of('c');
    expect(none.rank).toBeNull();
    expect(none.cautions).toEqual(['no_conversions']);
    expect(none.share?.low).toBe(0);
    // 3.958 expected print 0 in one of twenty of their printed samples: e^−m = 0.05 · (e^−m + P(N ≥ 5)).
    expect(none.share?.high).toBeCloseTo(3.95794 / (43 + 3.95794), 4);
    expect(none.credit?.high).toBeCloseTo(3.95794, 3);
    const journeys = answerOf(journeysAsUnits([path('a', 43, 0), path('c', 0, 0, 1)]), { rewards: ['conversions'] }).of('c');
    expect(journeys.share?.high).toBeCloseTo(2.7055 / (43 + 2.7055), 4);
    expect(journeys.credit?.high).toBeCloseTo(2.7055, 3);
  });

  test('under five: too few, by the score of Wilson, never of no width; of users none; no ratio under ten', () => {
    const own = journeysAsUnits([path('a', 40, 0), path('b', 3, 0), path('c', 0, 0, 1)]);
    const few = answerOf(own, { rewards: ['conversions'] }).of('b');
    expect(few.cautions).toEqual(['too_few_conversions']);
    expect(few.share?.low).toBeGreaterThan(0.01);
    expect(few.share?.low).toBeLessThan(0.05);
    expect(few.share?.high).toBeGreaterThan(0.14);
    expect(few.ofRatios).toBeNull();
    // A few users do not show how often such users convert (before: held in 58–64 % where one channel's convert by Zipf's law).
    expect(answerOf(sample).of('b')).toMatchObject({ share: null, credit: null, cautions: ['too_few_conversions'] });
    // Where the others convert repeatedly, that none converted shows nothing either.
    const often = (count: number) =>
      Array.from({ length: count }, (_, i) => Array.from({ length: i % 5 === 0 ? 5 : 1 }, () => path('a', 1, 1)));
    const unlike = answerOf(users(...often(200), ...orders('b', [1, 1, 1]), [path('c', 0, 0, 1)]));
    expect(unlike.of('c')).toMatchObject({ share: null, credit: null });
    expect(unlike.of('c').cautions).toContain('few_users_decide');
    expect(answerOf(sample).of('a').ofRatios).toEqual(answerOf(sample).of('a').credit);
  });

  test('a ratio near ten conversions says only that there are fewer: samples that did well print it (before: 71–73 % held)', () => {
    const near = (count: number) =>
      answerOf(users(...orders('a', new Array<number>(count).fill(1)), ...orders('b', [1]))).of('a');
    expect([near(10).ofRatios?.low, near(10).ofRatios?.high]).toEqual([0, near(10).credit?.high]);
    const some = near(14);
    expect(some.ofRatios?.low).toBeGreaterThan(0.3 * (some.credit?.low as number));
    expect(some.ofRatios?.low).toBeLessThan(0.95 * (some.credit?.low as number));
  });

  test('all conversions in one channel: still an interval', () => {
    const { of } = answerOf(users(...orders('a', new Array<number>(30).fill(1)), [path('b', 0, 0, 1)]));
    expect(of('a').share?.high).toBe(1);
    expect(of('a').share?.low).toBeCloseTo(30 / (30 + 2.7055), 3);
  });
});

test('a user with 150 orders among 300: no interval, of conversions or of value; 1 to 9 orders each leave them (before: held in 18–81 % of the samples)', () => {
  const buyers = (ordersOf: (i: number) => number) =>
    users(
      ...Array.from({ length: 300 }, (_, i) => Array.from({ length: ordersOf(i) }, () => path(i % 3 === 0 ? 'a' : 'b', 1, 50))),
    );
  const { answer, of } = answerOf(buyers((i) => (i === 7 ? 150 : 1)));
  for (const { cautions } of answer.models) expect(cautions).toContain('few_users_decide');
  for (const reward of ['conversions', 'value'])
    expect(of('a', reward)).toMatchObject({ share: null, credit: null, effect: null });
  const even = answerOf(buyers((i) => 1 + (i % 9)));
  expect(even.answer.models[0]?.cautions).toEqual([]);
  expect(even.of('a').credit).not.toBeNull();
});

test('users whose conversions have no variance: no interval (before: printed in a quarter of the samples, held in 40–90 %)', () => {
  // 400 users, as certain as 121 of one conversion: the tail alone shows it.
  const buyers = Array.from({ length: 400 }, (_, i) => Math.floor((400 / (i + 0.5)) ** (1 / 1.8)));
  const { answer } = answerOf(
    users(...buyers.map((times, i) => Array.from({ length: times }, () => path(i % 3 === 0 ? 'a' : 'b', 1, 50)))),
  );
  for (const { cautions } of answer.models) expect(cautions).toContain('few_users_decide');
});

test('a share that rounding leaves below 0 withholds nothing (before: every interval, without a word)', () => {
  const rows = [
    path('f>f', 0, 0, 30),
    path('e>e', 0, 0, 32),
    path('c>c>a>f', 0, 0, 44),
    path('c>f', 0, 0, 9),
    path('e>c>e', 3, 0, 37),
    path('b>c', 0, 0, 17),
  ];
  const { answer, of } = answerOf(journeysAsUnits(rows), { models: ['markovShapley'], rewards: ['conversions'] });
  expect(Math.min(...(answer.models[0]?.channels.map(({ shareIs }) => shareIs) ?? []))).toBeLessThan(0);
  expect(answer.models[0]?.cautions).toEqual([]);
  expect(of('e').share).not.toBeNull();
});

test('an effect of all is as certain as all conversions are (before: 0–1)', () => {
  const rows = [path('a>b>c', 60, 0, 100)];
  const { of } = answerOf(journeysAsUnits(rows), { models: ['markov'], rewards: ['conversions'] });
  expect(of('a').effect?.low).toBeCloseTo(60 / (60 + 2.7055), 3);
});

describe('ranks', () => {
  const of = (...counts: number[]) =>
    answerOf(
      users(...counts.flatMap((count, i) => orders(`c${i}`, new Array<number>(count).fill(1)))),
    ).answer.models[0]?.channels.map(({ rank }) => rank);

  test('neighbours whose order is not certain share their places', () => {
    expect(of(42, 41, 40, 39, 38)?.map((rank) => [rank?.from, rank?.to])).toEqual(new Array(5).fill([1, 5]));
    expect(of(400, 40)).toEqual([
      { from: 1, to: 1, isTie: false, aboveNext: 1 },
      { from: 2, to: 2, isTie: false, aboveNext: null },
    ]);
  });

  test('equal shares are a tie', () => {
    const [a, b, c] = of(50, 50, 400) ?? [];
    expect([a?.isTie, b?.isTie, c?.isTie]).toEqual([true, true, false]);
    expect([a?.from, a?.to, c?.from, c?.to]).toEqual([2, 3, 1, 1]);
  });

  test('one that is above the next in that share of the draws', () => {
    const [a] = of(55, 45) ?? [];
    expect(a?.aboveNext).toBeGreaterThan(0.75);
    expect(a?.aboveNext).toBeLessThan(0.92);
  });
});

test('the game of rates hands out no credit where shares leave the whole, and marks channels that it met too rarely alone', () => {
  const rows = [
    path('search', 40, 0, 460),
    path('search>social', 20, 0, 200),
    path('social', 10, 0, 150),
    path('podcast', 1, 0, 5),
    path('fax', 0, 0, 5),
  ];
  const options = { models: ['rateShapley'], rewards: ['conversions'] } as const;
  const { answer, of } = answerOf(journeysAsUnits(rows), options);
  expect(answer.models[0]?.cautions).toEqual(['outside_of_whole']);
  expect(of('podcast')).toMatchObject({ share: null, credit: null, effect: null });
  expect(of('podcast').cautions).toEqual(['too_few_conversions', 'few_journeys_alone']);
  expect(of('search')).toMatchObject({ share: null, credit: null, cautions: [] });
  expect(width(of('search').effect)).toBeGreaterThan(0);
  // The rate over each channel alone has the same weight in the effects of all others, however few journeys it has (before: held in 64–87 %).
  const fewer = answerOf(journeysAsUnits([...rows.slice(0, 4), path('fax', 0, 0, 4)]), options);
  expect(fewer.answer.models[0]?.cautions).toEqual(['rates_not_certain', 'outside_of_whole']);
  expect(fewer.of('search')).toMatchObject({ effect: null, rank: null });
});

test('a channel whose users are as certain as a few has no interval, however many users there are (before: held in 53–63 %)', () => {
  const buyers = (ordersOf: (i: number) => number) => [
    ...Array.from({ length: 40 }, (_, i) => Array.from({ length: ordersOf(i) }, () => path('d', 1, 50))),
    ...orders('a', new Array<number>(900).fill(50)),
  ];
  const heaped = answerOf(users(...buyers((i) => (i === 7 ? 60 : 1))));
  expect(heaped.answer.models[0]?.cautions).toEqual(['shares_not_certain']);
  expect(heaped.of('d')).toMatchObject({ share: null, credit: null, cautions: ['few_users_decide'] });
  expect(heaped.of('a').credit).not.toBeNull();
  // 40 users with 1 to 9 orders each, where others have one: of how many none is here is not known. 200 show it (before: 22, printed in 3–6 % beside Zipf's law, held in 15–53 %).
  const often = (count: number) =>
    answerOf(
      users(
        ...Array.from({ length: count }, (_, i) => Array.from({ length: 1 + (i % 9) }, () => path('d', 1, 50))),
        ...orders('a', new Array<number>(900).fill(50)),
      ),
    ).of('d');
  expect(often(40).cautions).toEqual(['few_users_decide']);
  expect(often(200).credit).not.toBeNull();
  expect(answerOf(users(...buyers((i) => (i === 7 ? 3 : 1)))).of('d').credit).not.toBeNull();
});

test('one channel whose users convert without a variance beside others who convert once: no interval of it (before: held in 44 %)', () => {
  const times = Array.from({ length: 40 }, (_, i) => Math.floor((40 / (i + 0.5)) ** (1 / 1.5)));
  const often = times.map((count) => Array.from({ length: count }, () => path('d', 1, 50)));
  const { answer, of } = answerOf(users(...often, ...orders('a', new Array<number>(900).fill(50))));
  expect(of('d')).toMatchObject({ share: null, credit: null, cautions: ['few_users_decide'] });
  expect(answer.models[0]?.cautions).toEqual(['shares_not_certain']);
  expect(of('a')).toMatchObject({ share: null, credit: expect.anything(), cautions: [] });
  // 400 are as certain as 121 of one conversion, and their tail has no variance all the same.
  const many = Array.from({ length: 400 }, (_, i) => Math.floor((400 / (i + 0.5)) ** (1 / 1.8)));
  const tail = answerOf(
    users(
      ...many.map((count) => Array.from({ length: count }, () => path('d', 1, 50))),
      ...orders('a', new Array<number>(30_000).fill(50)),
    ),
  );
  expect(tail.answer.models[0]?.cautions).not.toContain('few_users_decide');
  expect(tail.of('d')).toMatchObject({ share: null, credit: null, cautions: ['few_users_decide'] });
  const few = answerOf(users(...often.slice(0, 12), ...orders('a', new Array<number>(900).fill(50))));
  expect(few.of('d').credit).toBeNull();
});

test('of rates, a channel whose effect may be below 0 is handed out nothing: two channels of which one has 5 % (before: held in 70–73 %)', () => {
  const rows = (small: number) => [path('a', 500, 0, 5_000), path('b', small, 0, 500), path('a>b', 60, 0, 500)];
  const of = (small: number) => answerOf(journeysAsUnits(rows(small)), { models: ['rateShapley'], rewards: ['conversions'] });
  expect(of(10).of('b')).toMatchObject({ share: null, credit: null, ofRatios: null, cautions: ['sign_not_certain'] });
  expect(of(10).of('b').effect).not.toBeNull();
  expect(of(60).of('b')).toMatchObject({ share: expect.anything(), credit: expect.anything(), cautions: [] });
});

test('effects that are sampled, or take too long to be computed again, have no interval but the reason', () => {
  const many = Array.from({ length: 21 }, (_, i) => path(`c${String(i).padStart(2, '0')}`, 3, 0, 9));
  const { answer } = answerOf(journeysAsUnits(many), { models: ['rateShapley', 'markovShapley'], rewards: ['conversions'] });
  for (const { cautions, channels } of answer.models) {
    expect(cautions[0]).toBe('sampled_effects');
    expect(channels.map(({ share, effect, rank }) => [share, effect, rank])).toEqual(channels.map(() => [null, null, null]));
  }
  const exact = answerOf(journeysAsUnits(many.slice(0, 20)), {
    models: ['markovShapley'],
    rewards: ['conversions'],
    replicates: 1_000,
  });
  expect(exact.answer.models[0]?.cautions).toEqual(['too_costly']);
});

test('refunds are taken from the value that orders are worth together (before: as many equal orders, held in 75–77 %)', () => {
  const refunded = (inTwenty: number) =>
    answerOf(users(...Array.from({ length: 600 }, (_, i) => [path(i % 3 === 0 ? 'a' : 'b', 1, i % 20 < inTwenty ? -50 : 50)])));
  // 270 of 600 orders are refunds: what is left is as certain as 6 of one value.
  const many = refunded(9);
  expect(many.answer.models[1]?.cautions).toContain('few_orders_decide');
  expect(many.of('a').credit).not.toBeNull();
  expect(refunded(2).of('a', 'value').credit).not.toBeNull();
  // A channel whose refunds outweigh its sales says so.
  const one = answerOf(users(...orders('a', new Array<number>(300).fill(50)), ...orders('b', new Array<number>(40).fill(-5))));
  expect(one.of('b', 'value').cautions).toContain('value_not_positive');
});
