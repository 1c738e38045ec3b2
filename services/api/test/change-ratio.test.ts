/** Figures against an earlier window: exact changes under every model, and what each unit of changed cost went with. */
import { LIVE_NAMES } from '@tributary/reports/models/live-models';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { describe, expect, test } from 'vitest';
import { asked, countedBy, expectedChange, TODAY, YESTERDAY } from './changes.ts';
import { type AnyRow, type Journey, noneOf, times, walk, walked } from './walked.ts';
import { createWorld, NOON } from './world.ts';

const rowAt = (rows: readonly AnyRow[], channel: string): AnyRow => rows.find((row) => row.channel === channel);

function randomJourney(random: Random): Journey {
  return {
    path: Array.from({ length: random.below(4) }, () => random.pick(['search', 'mail', 'social', 'tv'])),
    converted: random.chance(0.6),
    value: random.pick([0, 1, 999, 123_457, -500]),
    currency: random.pick(['EUR', 'EUR', 'JPY']),
    cost: random.pick([0, 7, 45]),
    campaign: random.pick(['brand', 'spring']),
    daysAgo: random.below(3),
  };
}

const CUSTOM = 'custom=30,10..10,30';

describe('law 4: the change of the totals is the sum of the changes, under every model', () => {
  const questions = ['channel', 'campaign', 'channel,campaign', 'currency,campaign', 'channel,type', ''].flatMap((by) => [
    `by=${[...new Set([...by.split(','), 'currency'])].filter((name) => name !== '').join(',')}`,
    `by=${by}&currency=EUR`,
  ]);

  test.each([1, 2, 3])('law 4: the answers of both windows, row by row, seed %i', async (seed) => {
    const random = createRandom(seed);
    const world = await walked(Array.from({ length: 60 }, () => randomJourney(random)));
    if (seed === 2) {
      await world.cut(1);
      await world.publish(1);
      await world.tick();
      await walk(
        world,
        Array.from({ length: 10 }, () => randomJourney(random)),
      );
    }
    for (const model of LIVE_NAMES)
      for (const question of [
        ...questions,
        'by=channel&currency=EUR&value=revenue',
        'by=channel&currency=EUR&value=conversions',
      ]) {
        const query = `model=${model}&${CUSTOM}&${question}`;
        const now = await asked(world, `${query}&${TODAY}`);
        const before = await asked(world, `${query}&${YESTERDAY}`);
        const both = await asked(world, `${query}&${TODAY}&against=previous`);
        expect([both.range, both.previousRange]).toEqual([now.range, before.range]);
        expect(both.meta.complete).toBe(true);
        const keyOf = (row: AnyRow) => both.by.map((dimension: string) => row[dimension]).join('\t');
        const [own, earlier] = [now, before].map(
          ({ rows }) => new Map<string, AnyRow>(rows.map((row: AnyRow) => [keyOf(row), row])),
        );
        expect(both.rows.map(keyOf)).toEqual([...new Set([...(own?.keys() ?? []), ...(earlier?.keys() ?? [])])].sort());
        const counted = await countedBy(world, model, query, [now, before]);
        for (const row of both.rows) {
          const single = own?.get(keyOf(row)) ?? noneOf(now, model);
          const rows = counted?.map(({ rows: all }) => all.find((one: AnyRow) => keyOf(one) === keyOf(row)) ?? {}) ?? null;
          const change = expectedChange(
            single,
            earlier?.get(keyOf(row)) ?? noneOf(before, model),
            rows as [AnyRow, AnyRow] | null,
          );
          expect([query, keyOf(row), row]).toEqual([query, keyOf(row), { ...row, ...single, ...change }]);
        }
        // Rows by currency are of one each; their totals are of several, so they have no money.
        const isOne = query.includes('currency=');
        const totals = (counted?.map((one) => one.totals) ?? null) as [AnyRow, AnyRow] | null;
        if (isOne)
          expect([query, both.totals]).toEqual([query, { ...now.totals, ...expectedChange(now.totals, before.totals, totals) }]);
        else expect(Object.keys(both.totals).filter((name) => /Minor|oas/.test(name))).toEqual([]);
        for (const measure of isOne ? ['creditMicros', 'valueMinor', 'costMinor'] : ['creditMicros']) {
          const title = `previous${measure.charAt(0).toUpperCase()}${measure.slice(1)}`;
          for (const figure of [measure, title, `${measure}Change`]) {
            const sum = both.rows.reduce((all: number, row: AnyRow) => all + (row[figure] ?? 0), 0);
            expect([query, figure, sum]).toEqual([query, figure, both.totals[figure] ?? 0]);
          }
        }
      }
  });

  test('channels that are grouped in one window read alike in both', async () => {
    const channels = Array.from({ length: 210 }, (_, i) => `c${String(i).padStart(3, '0')}`);
    const world = await walked([
      ...channels.map((channel) => ({ path: [channel], converted: true, daysAgo: 1 })),
      ...channels.slice(0, 20).map((channel) => ({ path: [channel], converted: true, daysAgo: 1 })),
      ...times(3, { path: ['c209'], converted: true }),
      { path: ['c208'], converted: true },
    ]);
    const { rows, totals, meta } = await asked(world, `model=markov&value=conversions&${TODAY}&against=previous`);
    // Alone, the window before does not tell c209 apart; with its three conversions of today it is among the largest of both.
    expect(rowAt((await asked(world, `model=markov&${YESTERDAY}`)).rows, 'c209')).toBeUndefined();
    expect(rowAt(rows, 'c209')).toMatchObject({ creditMicros: 3_000_000, previousCreditMicros: 1_000_000 });
    expect(rowAt(rows, 'c208')).toMatchObject({ creditMicros: 1_000_000, previousCreditMicros: 1_000_000 });
    expect(rows.length).toBe(200);
    expect(totals).toMatchObject({
      creditMicros: 4_000_000,
      previousCreditMicros: 230_000_000,
      creditMicrosChange: -226_000_000,
    });
    const grouped = meta.warnings.filter((warning: string) => warning.includes('smallest channels'));
    expect(grouped).toEqual([expect.stringContaining('the 11 smallest channels')]);
    // The outcome of the window alone is remembered as one of its own.
    expect(rowAt((await asked(world, `model=markov&${YESTERDAY}`)).rows, 'c209')).toBeUndefined();
  });
});

describe('ratios of changes', () => {
  type Amounts = readonly [conversions: number, valueMinor: number, costMinor: number];
  const of = ([converted, value, cost]: Amounts, daysAgo: number): Journey[] => [
    { path: ['a'], converted: converted > 0, value, cost, daysAgo },
    ...times(Math.max(0, converted - 1), { path: ['a'], converted: true, cost: 0, daysAgo }),
  ];

  test.each<[what: string, before: Amounts, now: Amounts, figures: AnyRow]>([
    [
      'more cost, more earned: value and cost of what changed',
      [10, 1000, 100],
      [30, 1900, 400],
      { changeRatioRoas: 3, changeRatioCpaMinor: 15, changeCautions: '' },
    ],
    [
      'less cost, less earned: what each saved unit gave up',
      [30, 1900, 400],
      [10, 1000, 100],
      { changeRatioRoas: 3, changeRatioCpaMinor: 15, changeCautions: '' },
    ],
    [
      'more cost, less earned: a loss, and no conversion more',
      [30, 1900, 100],
      [10, 1000, 400],
      { changeRatioRoas: -3, changeRatioCpaMinor: null, changeCautions: 'moved_apart' },
    ],
    [
      'less cost, more earned: no figure that could read as one of them',
      [10, 1000, 400],
      [30, 1900, 100],
      { changeRatioRoas: null, changeRatioCpaMinor: null, changeCautions: 'moved_apart' },
    ],
    [
      'from 10 to 21 is by chance: 11 is below 2 standard deviations of the difference, 2·√31',
      [10, 1000, 100],
      [21, 1900, 400],
      { changeRatioRoas: null, changeCautions: 'conversions_within_chance' },
    ],
    ['from 10 to 24 is not', [10, 1000, 100], [24, 1900, 400], { changeRatioRoas: 3, changeCautions: '' }],
    [
      'one cent more cost in a season: not 200 000 for each unit',
      [100, 1_000_000, 100_000],
      [200, 1_200_000, 100_001],
      { changeRatioRoas: null, changeRatioCpaMinor: null, changeCautions: 'cost_stood_still' },
    ],
    [
      '4 % more cost stood still, 5 % did not',
      [100, 1_000, 100],
      [200, 2_000, 104],
      { changeRatioRoas: null, changeCautions: 'cost_stood_still' },
    ],
    ['5 % more', [100, 1_000, 100], [200, 2_000, 105], { changeRatioRoas: 200, changeRatioCpaMinor: 0.05, changeCautions: '' }],
    ['nothing changed', [10, 1000, 100], [10, 1000, 100], { changeCautions: 'cost_stood_still conversions_within_chance' }],
    ['from nothing', [0, 0, 0], [20, 500, 100], { changeRatioRoas: 5, changeRatioCpaMinor: 5, changeCautions: '' }],
  ])('%s', async (_, before, now, figures) => {
    const world = await walked([...of(before, 1), ...of(now, 0)]);
    const { rows, totals } = await asked(world, `${TODAY}&against=previous`);
    expect(rowAt(rows, 'a')).toMatchObject({
      ...figures,
      previousConversions: before[0],
      conversionsChange: now[0] - before[0],
      valueMinorChange: now[1] - before[1],
      costMinorChange: now[2] - before[2],
    });
    expect(totals).toMatchObject(figures);
  });

  test('an empty window before, a channel of one window only, an unknown one: zeros and null, never an error', async () => {
    const world = await walked([
      { path: ['gone'], converted: true, value: 300, cost: 30, daysAgo: 2 },
      { path: ['new'], converted: true, value: 500, cost: 50 },
    ]);
    for (const model of LIVE_NAMES.filter((name) => name !== 'assisted')) {
      const empty = await asked(world, `model=${model}&${CUSTOM}&${TODAY}&against=previous`);
      expect(empty.rows).toMatchObject([
        {
          channel: 'new',
          previousCreditMicros: 0,
          previousCostMinor: 0,
          changeRatioRoas: null,
          changeCautions: 'conversions_within_chance',
        },
      ]);
      const other = await asked(world, `model=${model}&${CUSTOM}&${TODAY}&against=2026-11-18/2026-11-19`);
      expect(other.previousRange).toEqual({ fromDay: '2026-11-18', toDay: '2026-11-19' });
      expect(other.rows).toMatchObject([
        {
          channel: 'gone',
          creditMicros: 0,
          valueMinor: 0,
          costMinor: 0,
          share: 0,
          previousValueMinor: 300,
          changeRatioRoas: null,
          changeRatioCpaMinor: null,
        },
        { channel: 'new', previousValueMinor: 0, changeRatioRoas: null, changeCautions: 'conversions_within_chance' },
      ]);
      expect(other.totals).toMatchObject({
        creditMicrosChange: 0,
        valueMinorChange: 200,
        costMinorChange: 20,
        changeRatioRoas: null,
        changeRatioCpaMinor: null,
      });
      const unknown = await asked(world, `model=${model}&${CUSTOM}&${TODAY}&against=previous&channel=unknown`);
      expect(unknown).toMatchObject({
        rows: [],
        totals: { creditMicrosChange: 0, costMinorChange: 0, changeRatioRoas: null, changeRatioCpaMinor: null },
      });
    }
  });

  test('what changed where the cost stood still stands beside the ratios: the season of all channels', async () => {
    const one = (path: string, count: number, cost: number, daysAgo: number) =>
      times(count, { path: [path], converted: true, value: 10, daysAgo }).map((journey, i) => ({
        ...journey,
        cost: i === 0 ? cost : 0,
      }));
    const world = await walked([
      ...[...one('paid', 30, 1_000, 1), ...one('still', 40, 500, 1), ...one('free', 10, 0, 1)],
      ...[...one('paid', 60, 1_500, 0), ...one('still', 48, 510, 0), ...one('free', 12, 0, 0)],
    ]);
    const { rows, stoodStill } = await asked(world, `model=shapley&${TODAY}&against=previous`);
    expect(rows.map((row: AnyRow) => [row.channel, row.changeCautions])).toEqual([
      ['free', 'cost_stood_still conversions_within_chance'],
      ['paid', ''],
      ['still', 'cost_stood_still conversions_within_chance'],
    ]);
    expect(stoodStill).toEqual({
      rows: 2,
      previousConversions: 50,
      conversionsChange: 10,
      previousValueMinor: 500,
      valueMinorChange: 100,
    });
    const first = await asked(world, `model=shapley&${TODAY}&against=previous&limit=1`);
    const later = await asked(world, `model=shapley&${TODAY}&against=previous&limit=1&cursor=${first.nextCursor}`);
    expect([first.stoodStill, later.stoodStill]).toEqual([stoodStill, null]);
    expect((await asked(world, TODAY)).stoodStill).toBeNull();
    expect((await asked(world, `${TODAY}&against=previous&type=purchase`)).stoodStill).toBeNull();
  });

  test('by conversion type there are changes, and no cost to divide them by', async () => {
    const world = await walked([{ path: ['a'], converted: true, value: 5, cost: 1 }]);
    const { rows } = await asked(world, `${TODAY}&against=previous&type=purchase`);
    expect(rows).toMatchObject([{ creditMicrosChange: 1_000_000, valueMinorChange: 5 }]);
    expect(Object.keys(rows[0]).filter((name) => /cost|ratio/i.test(name))).toEqual([]);
  });

  test('effects, losses and intervals are those of the report itself', async () => {
    const journeys = [
      { path: ['a', 'b'], converted: true, value: 9, cost: 1 },
      { path: ['b'], converted: false },
    ];
    const world = await walked([...journeys, { path: ['b'], converted: true, value: 2, daysAgo: 1 }]);
    const plain = await asked(world, `model=markov&intervals=1&${TODAY}`);
    expect((await asked(world, `model=markov&intervals=1&${TODAY}&against=previous`)).rows).toMatchObject(plain.rows);
    // Half of the journeys begin with a: (start) goes to a or b, and both ways pass b.
    const half = { effect: 0.5, conversionsOnPaths: 0.5, valueMinorOnPaths: 5, roasOnPaths: 5, rank: null };
    expect(plain.rows[0]).toMatchObject(half);
  });
});

describe('what the answer says of itself', () => {
  const journeys: Journey[] = [
    { path: ['a', 'b'], converted: true, value: 900, cost: 10 },
    { path: ['b'], converted: true, value: 100, cost: 20, daysAgo: 1 },
    { path: ['c'], converted: true, value: 50, cost: 5, daysAgo: 1 },
  ];

  test('both windows are of one look at the store, however long the models take', async () => {
    let reads = 0;
    const world = await createWorld({ turn: async () => void reads++ });
    await walk(world, journeys);
    await world.tick();
    const readsOf = async (query: string) => {
      const before = reads;
      await asked(world, query);
      return reads - before;
    };
    await readsOf(`model=markov&${TODAY}`);
    expect(await readsOf(`model=markov&${TODAY}&against=previous`)).toBe(await readsOf(`model=markov&${TODAY}`));
  });

  test('law 7: a hole in the window before makes the answer incomplete, and says where', async () => {
    const world = await walked(journeys);
    const lost = new Map([['conversions', new Map([['2026-11-19\tpurchase\t(none)', [1, 7]]])]]);
    await world.commit(0, { deltas: lost }, {});
    for (const model of LIVE_NAMES.filter((name) => name !== 'participation' && name !== 'assisted')) {
      expect((await asked(world, `model=${model}&${CUSTOM}&${TODAY}`)).meta.complete).toBe(true);
      const { meta } = await asked(world, `model=${model}&${CUSTOM}&${TODAY}&against=previous`);
      expect(meta.complete).toBe(false);
      expect(meta.warnings[0]).toMatch(`in the window before: model ${model}: credit and conversions disagree`);
    }
  });

  test.each([
    ['from=2026-11-01&to=2026-12-01', '2026-10-02', '2026-11-01'],
    ['from=2024-03-01&to=2024-03-08', '2024-02-23', '2024-03-01'],
    // Widened to two days, hence two days before.
    ['from=2026-11-19T18:00:00Z&to=2026-11-20T06:00:00Z', '2026-11-17', '2026-11-19'],
    ['from=1970-01-01&to=1970-01-03', '1969-12-30', '1970-01-01'],
  ])('previous, of %s, is the window of equal length right before', async (query, fromDay, toDay) => {
    const { previousRange, range } = await asked(await walked(journeys), `${query}&against=previous`);
    expect(previousRange).toEqual({ fromDay, toDay });
    expect(range.fromDay).toBe(toDay);
  });

  test('windows that are hard to compare are named: lengths, an open end, one that is not over', async () => {
    const world = await walked(journeys);
    for (const partition of world.states.keys()) await world.commit(partition, {}, {});
    const warnings = async (query: string) => (await asked(world, query)).meta.warnings;
    expect(await warnings(`${YESTERDAY}&against=previous`)).toEqual([]);
    expect(await warnings(`${TODAY}&against=previous`)).toEqual([
      `the window is not over, what counts has come to ${new Date(NOON).toISOString()}: changes are of that as well`,
    ]);
    expect(await warnings('from=2026-11-18&to=2026-11-20&against=2026-11-16/2026-11-17')).toEqual([
      'the window is of 2 days and the one before of 1: changes are of their lengths as well',
    ]);
    expect(await warnings('from=2026-11-20&against=2026-11-19/2026-11-20')).toEqual([expect.stringContaining('has no end')]);
    expect(await warnings('from=2026-11-19&to=2026-11-20&against=2026-11-18T10:00:00Z/2026-11-18T22:00:00Z')).toEqual([
      expect.stringContaining('see `previousRange`'),
    ]);
  });

  test('currencies that are divided by or held against each other are named, also where each side has one', async () => {
    const world = await walked([
      { path: ['a'], converted: true, value: 900, currency: 'EUR', cost: 10 },
      { path: ['a'], converted: true, value: 900, currency: 'USD', cost: 0, daysAgo: 1 },
      { path: ['b'], converted: false, currency: 'USD', cost: 3, daysAgo: 2 },
      { path: ['b'], converted: true, currency: 'JPY', value: 4, daysAgo: 2 },
    ]);
    const warnings = async (query: string): Promise<string[]> =>
      (await asked(world, query)).meta.warnings.filter((warning: string) => warning.includes('currency'));
    expect(await warnings(TODAY)).toEqual([]);
    expect(await warnings('from=2026-11-18&to=2026-11-19')).toEqual([
      'values are in JPY and costs in USD, so ROAS and CPA are left out: ask by=currency, or for one currency',
    ]);
    for (const question of ['&by=channel,currency', '&currency=USD', '&type=purchase'])
      expect(await warnings(`from=2026-11-18&to=2026-11-19${question}`)).toEqual([]);
    expect(await warnings('from=2026-11-18&to=2026-11-19&value=conversions')).toEqual([
      'conversions are paid in JPY and costs are in USD, so CPA is left out: ask by=currency, or for one currency',
    ]);
    expect(await warnings(`${TODAY}&against=previous`)).toEqual([
      expect.stringContaining('values are in several currencies, which have no sum (EUR, USD)'),
    ]);
  });

  test('pages, CSV and NDJSON hold the rows of both windows; a cursor belongs to its question', async () => {
    const world = await walked(journeys);
    const query = `model=markov&${TODAY}&against=previous`;
    const whole = await asked(world, query);
    expect(whole.rows.map((row: AnyRow) => row.channel)).toEqual(['a', 'b', 'c']);
    const first = await asked(world, `${query}&limit=2`);
    const second = await asked(world, `${query}&limit=2&cursor=${first.nextCursor}`);
    expect([...first.rows, ...second.rows]).toEqual(whole.rows);
    expect([first.totals, second.nextCursor]).toEqual([whole.totals, null]);
    for (const other of [`model=markov&${TODAY}`, `model=markov&${TODAY}&against=2026-11-18/2026-11-20`])
      expect((await world.get(`/v1/attribution?${other}&cursor=${first.nextCursor}`)).body.detail).toContain('cursor');
    const ndjson = await world.get(`/v1/attribution?${query}&format=ndjson`);
    expect(
      ndjson.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(whole.rows);
    expect(ndjson.headers).toMatchObject({
      'x-tributary-range': '2026-11-20/2026-11-21',
      'x-tributary-previous-range': '2026-11-19/2026-11-20',
    });
    const [header = '', ...lines] = (await world.get(`/v1/attribution?${query}&format=csv`)).text.trimEnd().split('\r\n');
    expect(header).toContain(
      'previousCreditMicros,previousConversions,previousValueMinor,previousCostMinor,creditMicrosChange,conversionsChange,valueMinorChange,costMinorChange,changeRatioRoas,changeRatioCpaMinor,changeCautions',
    );
    expect(lines.length).toBe(3);
  });

  test.each([
    [`${TODAY}&by=day&against=previous`, 'invalid_query', 'a day lies in one window only'],
    [`${TODAY}&by=channel,day&against=2026-11-01/2026-11-02`, 'invalid_query', 'by must not have day with against'],
    [`${TODAY}&model=orderedShapley&by=channel,position&against=previous`, 'invalid_query', 'not have position with against'],
    ['against=previous', 'invalid_query', 'give both "from" and "to"'],
    ['from=2026-11-20&against=previous', 'invalid_query', 'give both "from" and "to"'],
    ['to=2026-11-20&against=2026-11-01/2026-11-02', 'invalid_query', 'give "from"'],
    [`${TODAY}&against=2026-11-19/2026-11-21`, 'invalid_query', '(got 2026-11-19 to 2026-11-21, UTC days)'],
    [`${TODAY}&against=2026-11-19/2026-11-20T00:00:01Z`, 'invalid_query', 'on 2026-11-20'],
    [`${TODAY}&against=2026-11-22/2026-11-23`, 'invalid_query', 'name an earlier one'],
    [`${TODAY}&against=2026-11-02/2026-11-01`, 'empty_range', 'against must begin before it ends (got 2026-11-02'],
    [`${TODAY}&against=2026-11-02/2026-11-02`, 'empty_range', 'against'],
    [`${TODAY}&against=2026-11-02`, 'invalid_query', '"previous"'],
    [`${TODAY}&against=2026-11-01/`, 'invalid_query', 'against'],
    [`${TODAY}&against=2026-11-01/2026-11-02/2026-11-03`, 'invalid_query', 'against must be "previous", or FROM/TO'],
    [`${TODAY}&against=2026-02-30/2026-03-01`, 'invalid_query', 'against must be "previous", or FROM/TO'],
    [`${TODAY}&against=yesterday`, 'invalid_query', 'against must be "previous", or FROM/TO'],
    [`${TODAY}&against=`, 'invalid_query', 'against'],
    [`${TODAY}&against=previous&against=previous`, 'invalid_query', 'against'],
  ])('%s is %s', async (query, code, says) => {
    const world = await createWorld();
    await world.tick();
    const { status, body } = await world.get(`/v1/attribution?${query}`);
    expect([status, body.code]).toEqual([400, code]);
    expect(body.detail).toContain(says);
  });
});
