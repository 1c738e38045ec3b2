/** Data-driven reports in the small: published oracles, money, names of channels, bounds, bad input. */
import { bruteForceRemoval } from '@tributary/testkit/brute-force';
import { definitionsOf } from '@tributary/testkit/generate-definitions';
import { describe, expect, test } from 'vitest';
import { AttributionAnswer, CompareAnswer, ModelsAnswer } from '../src/attribution-schemas.ts';
import { Problem } from '../src/problem.ts';
import { createWorld, event, NOON, type World } from './world.ts';

const MINUTE = 60_000;
const SHARED = ['shapley', 'rateShapley', 'markov', 'markovShapley', 'hybrid'];

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
type AnyRow = any;

interface Journey {
  readonly path: readonly string[];
  readonly converted: boolean;
  readonly value?: number;
  readonly currency?: string;
  readonly cost?: number;
  readonly campaign?: string;
}

let users = 0;
async function walk(world: World, journeys: readonly Journey[]): Promise<void> {
  for (const { path, converted, value = 0, currency, cost, campaign } of journeys) {
    const userId = `walker-${++users}`;
    const extra = { ...(currency === undefined ? {} : { currency }), ...(campaign === undefined ? {} : { campaign }) };
    for (const [i, channel] of path.entries())
      await world.ingest(
        event({
          type: 'ad_click',
          userId,
          channel,
          ts: NOON - (path.length - i) * MINUTE,
          ...(cost === undefined ? {} : { cost }),
          ...extra,
        }),
      );
    if (converted)
      await world.ingest(event({ type: 'purchase', userId, ts: NOON, value, ...(currency === undefined ? {} : { currency }) }));
  }
}

async function walked(journeys: readonly Journey[], definitions = {}): Promise<World> {
  const world = await createWorld({ definitions: definitionsOf(definitions) });
  await walk(world, journeys);
  await world.tick();
  return world;
}

const times = (count: number, journey: Journey): Journey[] => new Array<Journey>(count).fill(journey);

const rowsOf = async (world: World, query: string): Promise<Record<string, AnyRow>> => {
  const { body, status } = await world.get(`/v1/attribution?${query}`);
  expect([status, body.detail]).toEqual([200, undefined]);
  expect(AttributionAnswer.parse(body)).toEqual(body);
  return Object.fromEntries(body.rows.map((row: AnyRow) => [row.channel, row]));
};

describe('published oracles, through the API', () => {
  const chain = [
    { path: ['C1', 'C2', 'C3'], converted: true, value: 1000 },
    { path: ['C1'], converted: false },
    { path: ['C2', 'C3'], converted: false },
  ];

  test('three journeys: removal effects .5, 1, 1, and 1000 as 200, 400, 400', async () => {
    const world = await walked(chain);
    const rows = await rowsOf(world, 'model=markov');
    expect(['C1', 'C2', 'C3'].map((channel) => rows[channel].effect)).toEqual([0.5, 1, 1]);
    expect(['C1', 'C2', 'C3'].map((channel) => rows[channel].valueMinor)).toEqual([200, 400, 400]);
    expect(['C1', 'C2', 'C3'].map((channel) => rows[channel].marginalConversions)).toEqual([0.5, 1, 1]);
    expect(['C1', 'C2', 'C3'].map((channel) => rows[channel].marginalValueMinor)).toEqual([500, 1000, 1000]);
  });

  test('six conversions: 2.1229992, 2.4111205, 1.4658804, and the removal effects of the definition', async () => {
    const world = await walked([
      { path: ['A'], converted: true },
      { path: ['A'], converted: false },
      { path: ['B'], converted: true },
      { path: ['B'], converted: false },
      ...times(2, { path: ['A', 'B'], converted: true }),
      { path: ['B', 'A'], converted: false },
      { path: ['A', 'C'], converted: true },
      { path: ['C'], converted: false },
      { path: ['A', 'B', 'C'], converted: true },
      { path: ['A', 'B', 'C'], converted: false },
      { path: ['C', 'B'], converted: false },
    ]);
    const rows = await rowsOf(world, 'model=markov');
    const credit = ['A', 'B', 'C'].map((channel) => rows[channel].creditMicros);
    expect(credit).toEqual([2_122_999, 2_411_121, 1_465_880]);
    const journeys = [
      { path: ['A'], conversions: 1, nulls: 1, value: 0 },
      { path: ['B'], conversions: 1, nulls: 1, value: 0 },
      { path: ['A', 'B'], conversions: 2, nulls: 0, value: 0 },
      { path: ['B', 'A'], conversions: 0, nulls: 1, value: 0 },
      { path: ['A', 'C'], conversions: 1, nulls: 0, value: 0 },
      { path: ['C'], conversions: 0, nulls: 1, value: 0 },
      { path: ['A', 'B', 'C'], conversions: 1, nulls: 1, value: 0 },
      { path: ['C', 'B'], conversions: 0, nulls: 1, value: 0 },
    ];
    for (const channel of ['A', 'B', 'C'])
      expect(rows[channel].effect).toBeCloseTo(bruteForceRemoval(journeys, 1, 'conversions', channel), 12);
  });

  test('a converts alone four times and with b six times: the sum game gives 7 and 3', async () => {
    const world = await walked([
      ...times(4, { path: ['a'], converted: true }),
      ...times(6, { path: ['a', 'b', 'a'], converted: true }),
    ]);
    const rows = await rowsOf(world, 'model=shapley');
    expect([rows['a'].conversions, rows['b'].conversions, rows['a'].effect, rows['a'].share]).toEqual([7, 3, 7, 0.7]);
    const ordered = await rowsOf(world, 'model=orderedShapley');
    expect([ordered['a'].conversions, ordered['b'].conversions]).toEqual([7, 3]);
  });
});

describe('money', () => {
  test('ROAS, CPA and marginal ROAS by channel and campaign; null where it cost nothing', async () => {
    const world = await walked([
      { path: ['search'], converted: true, value: 3000, cost: 500, campaign: 'brand' },
      { path: ['search'], converted: true, value: 1000, cost: 500, campaign: 'generic' },
      { path: ['search', 'mail'], converted: false, cost: 0, campaign: 'brand' },
      { path: [], converted: true, value: 77 },
    ]);
    const rows = await rowsOf(world, 'model=markov');
    expect(rows['search']).toMatchObject({ creditMicros: 2_000_000, valueMinor: 4000, costMinor: 1000, roas: 4, cpaMinor: 500 });
    expect(rows['search']).toMatchObject({
      effect: 1,
      valueEffect: 1,
      marginalConversions: 2,
      marginalValueMinor: 4000,
      marginalRoas: 4,
    });
    expect(rows['mail']).toMatchObject({
      creditMicros: 0,
      costMinor: 0,
      roas: null,
      cpaMinor: null,
      effect: 0,
      marginalRoas: null,
    });
    expect(rows['(unattributed)']).toMatchObject({ creditMicros: 1_000_000, valueMinor: 77, roas: null, effect: null });
    const side = (await world.get('/v1/attribution/compare?models=first,markov')).body;
    expect(CompareAnswer.parse(side)).toEqual(side);
    const search = side.rows.find((row: AnyRow) => row.channel === 'search');
    expect(search).toMatchObject({
      costMinor: 1000,
      models: { first: { roas: 4, cpaMinor: 500 }, markov: { roas: 4, cpaMinor: 500 } },
    });
    expect(side.totals.models.markov).toEqual({
      creditMicros: 3_000_000,
      conversions: 3,
      valueMinor: 4077,
      roas: 4.077,
      cpaMinor: 1000 / 3,
    });
    const { body } = await world.get('/v1/attribution?model=markov&by=channel,campaign');
    const cells = Object.fromEntries(body.rows.map((row: AnyRow) => [`${row.channel}/${row.campaign}`, row]));
    expect(cells['search/brand']).toMatchObject({
      creditMicros: 1_000_000,
      valueMinor: 3000,
      roas: 6,
      cpaMinor: 500,
      marginalConversions: 1,
    });
    expect(cells['search/generic']).toMatchObject({
      creditMicros: 1_000_000,
      valueMinor: 1000,
      roas: 2,
      marginalValueMinor: 1000,
      marginalRoas: 2,
    });
    expect(body.totals).toMatchObject({ conversions: 3, valueMinor: 4077, costMinor: 1000, roas: 4.077 });
    // A part of a channel has no removal effect of its own, only its part of what would be lost.
    const brand = (await rowsOf(world, 'model=markov&campaign=brand'))['search'];
    expect(brand).toMatchObject({ creditMicros: 1_000_000, share: 1, marginalConversions: 1, marginalValueMinor: 3000 });
    expect(brand.effect).toBeUndefined();
  });

  test('value and conversions are left out unless they are asked for', async () => {
    const world = await walked([{ path: ['a', 'b'], converted: true, value: 100, cost: 10 }]);
    for (const model of ['last', ...SHARED, 'orderedShapley']) {
      const conversions = (await rowsOf(world, `model=${model}&value=conversions`))['b'];
      expect(conversions).toMatchObject({
        creditMicros: expect.any(Number),
        cpaMinor: expect.any(Number),
        share: expect.any(Number),
      });
      expect(Object.keys(conversions).filter((name) => /value|roas/i.test(name))).toEqual([]);
      const revenue = (await rowsOf(world, `model=${model}&value=revenue`))['b'];
      expect(revenue).toMatchObject({
        valueMinor: expect.any(Number),
        roas: expect.any(Number),
        share: revenue.valueMinor / 100,
      });
      expect(Object.keys(revenue).filter((name) => /conversions|micros|cpa/i.test(name))).toEqual([]);
      expect((await world.get(`/v1/attribution?model=${model}&value=revenue`)).body.meta.complete).toBe(true);
    }
  });

  test('each currency is a run of its own: yen never move the credit of euros', async () => {
    const journeys = [
      { path: ['a', 'b'], converted: true, value: 100, currency: 'EUR' },
      { path: ['b'], converted: true, value: 900_000, currency: 'JPY' },
      { path: ['a'], converted: false },
    ];
    const world = await walked(journeys);
    const { body } = await world.get('/v1/attribution?model=markov&by=channel,currency');
    const value = (channel: string, currency: string) =>
      body.rows.find((row: AnyRow) => row.channel === channel && row.currency === currency)?.valueMinor ?? 0;
    expect([value('a', 'EUR') + value('b', 'EUR'), value('a', 'JPY') + value('b', 'JPY')]).toEqual([100, 900_000]);
    const euros = await rowsOf(world, 'model=markov&value=revenue&currency=EUR');
    expect(euros['a'].valueMinor + euros['b'].valueMinor).toBe(100);
    const mixed = (await world.get('/v1/attribution?model=markov')).body;
    expect(mixed.totals.valueMinor).toBe(900_100);
    expect(mixed.meta.warnings.join()).toContain('EUR, JPY');
    expect(mixed.rows[0].valueEffect).toBeUndefined();
  });

  test('more currencies than a game is run for: a clear error; conversions alone are no trouble', async () => {
    const world = await walked(
      Array.from({ length: 12 }, (_, i) => ({
        path: ['a'],
        converted: true,
        value: 5,
        currency: `C${String(i).padStart(2, '0')}`,
      })),
    );
    expect((await world.get('/v1/attribution?model=rateShapley')).body).toMatchObject({ code: 'invalid_query', status: 400 });
    expect((await world.get('/v1/attribution?model=rateShapley&value=conversions')).status).toBe(200);
    expect((await world.get('/v1/attribution?model=rateShapley&currency=C03')).status).toBe(200);
    expect((await world.get('/v1/attribution?model=markov')).body.totals.valueMinor).toBe(60);
  });
});

describe('degenerate windows', () => {
  const expectEmpty = async (world: World, filter: string) => {
    for (const model of [...SHARED, 'orderedShapley', 'participation', 'assisted']) {
      const { status, body } = await world.get(`/v1/attribution?model=${model}${filter}`);
      expect([model, status]).toEqual([model, 200]);
      expect(body.totals).toMatchObject({ creditMicros: 0, conversions: 0, valueMinor: 0 });
      for (const row of body.rows) expect([row.creditMicros, row.share]).toEqual([0, 0]);
      expect(body.meta.complete).toBe(true);
    }
  };

  test('an empty log, an empty window, all nulls, an unknown channel: zeros, never an error', async () => {
    const empty = await createWorld();
    await empty.tick();
    await expectEmpty(empty, '');
    const nulls = await walked(times(3, { path: ['a', 'b'], converted: false }));
    await expectEmpty(nulls, '');
    const world = await walked([{ path: ['a'], converted: true, value: 5 }]);
    await expectEmpty(world, '&from=2020-01-01&to=2020-01-02');
    await expectEmpty(world, '&channel=nobody');
    await expectEmpty(world, '&type=nothing');
  });

  test('one channel has it all, with and without nulls; only unattributed conversions', async () => {
    for (const nulls of [0, 2]) {
      const world = await walked([
        ...times(3, { path: ['a', 'a'], converted: true, value: -7 }),
        ...times(nulls, { path: ['a'], converted: false }),
      ]);
      for (const model of SHARED)
        expect((await rowsOf(world, `model=${model}`))['a']).toMatchObject({
          creditMicros: 3_000_000,
          valueMinor: -21,
          share: 1,
        });
    }
    const world = await walked(times(2, { path: [], converted: true, value: 3 }));
    for (const model of SHARED)
      expect(await rowsOf(world, `model=${model}`)).toMatchObject({
        '(unattributed)': { creditMicros: 2_000_000, valueMinor: 6, share: 1 },
      });
  });

  test('values that cancel out are handed out to the unit all the same', async () => {
    const world = await walked([
      { path: ['a'], converted: true, value: 1000, currency: 'EUR' },
      { path: ['b', 'a'], converted: true, value: -1000, currency: 'EUR' },
      { path: ['b'], converted: true, value: 3, currency: 'EUR' },
    ]);
    for (const model of [...SHARED, 'orderedShapley'])
      for (const by of ['channel', 'campaign', 'day,channel', 'currency']) {
        const { body } = await world.get(`/v1/attribution?model=${model}&by=${by}`);
        expect([model, by, body.totals.valueMinor, body.meta.complete]).toEqual([model, by, 3, true]);
      }
  });

  test('view=speed may hold counts below 0: they are left out of the model and said so; the credit is still that of the deltas', async () => {
    const world = await walked([
      { path: ['a', 'b'], converted: true },
      { path: ['b'], converted: false },
    ]);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    // A touch of the converted journey that arrives after the cut: its set and its transitions are taken back.
    await world.ingest(event({ type: 'ad_click', userId: `walker-${users - 1}`, channel: 'c', ts: NOON - 90_000 }));
    for (const model of SHARED) {
      const { status, body } = await world.get(`/v1/attribution?model=${model}&view=speed`);
      expect([model, status, body.totals.creditMicros, body.meta.complete]).toEqual([model, 200, 0, true]);
      if (model !== 'shapley') expect(body.meta.warnings.join()).toContain('below 0');
      expect((await world.get(`/v1/attribution?model=${model}`)).body).toMatchObject({
        totals: { creditMicros: 1_000_000 },
        meta: { complete: true },
      });
    }
    expect((await world.get('/v1/transitions?view=speed')).body.meta.warnings.join()).toContain('below 0');
    expect((await world.get('/v1/coalitions?view=batch')).body.coalitions).toHaveLength(2);
  });
});

describe('what an answer is of', () => {
  const dayBefore = NOON - 24 * 60 * MINUTE;

  test('nulls are those of the window: journeys that ended on other days do not count', async () => {
    const world = await walked([
      { path: ['a', 'b'], converted: true },
      { path: ['b'], converted: false },
    ]);
    const query = 'from=2026-11-20&to=2026-11-21';
    const answers = async () => Promise.all(SHARED.map((model) => rowsOf(world, `model=${model}&${query}`)));
    const before = await answers();
    for (let i = 0; i < 3; i++) await world.ingest(event({ type: 'ad_click', userId: `lost-${i}`, channel: 'b', ts: dayBefore }));
    expect(await answers()).toEqual(before);
    for (const [i, rows] of (await Promise.all(SHARED.map((model) => rowsOf(world, `model=${model}`)))).entries())
      if (SHARED[i] !== 'shapley') expect([SHARED[i], rows['a'].effect]).not.toEqual([SHARED[i], before[i]?.['a'].effect]);
  });

  test('an answer asked for again is of now, also when only journeys without a conversion came', async () => {
    const world = await walked([
      { path: ['a', 'b'], converted: true, value: 9 },
      { path: ['b'], converted: true, value: 1 },
    ]);
    for (let round = 0; round < 3; round++) {
      await walk(world, [{ path: ['b'], converted: false }]);
      const fresh = await walked([
        { path: ['a', 'b'], converted: true, value: 9 },
        { path: ['b'], converted: true, value: 1 },
        ...times(round + 1, { path: ['b'], converted: false }),
      ]);
      for (const model of SHARED) {
        const now = await rowsOf(world, `model=${model}`);
        expect([model, now['a'], now['b']]).toEqual([model, ...Object.values(await rowsOf(fresh, `model=${model}`))]);
        // Nothing new: the same again.
        expect(await rowsOf(world, `model=${model}`)).toEqual(now);
      }
    }
  });

  test('view=batch is the model of view(g) alone', async () => {
    const journeys = [
      { path: ['a', 'b'], converted: true, value: 9 },
      { path: ['b'], converted: false },
    ];
    const world = await walked(journeys);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    await walk(world, [{ path: ['c', 'b'], converted: true, value: 5 }]);
    const alone = await walked(journeys);
    for (const model of [...SHARED, 'orderedShapley', 'assisted'])
      expect([model, await rowsOf(world, `model=${model}&view=batch&value=conversions`)]).toMatchObject([
        model,
        Object.fromEntries(
          Object.entries(await rowsOf(alone, `model=${model}&value=conversions`)).map(([channel, { creditMicros }]) => [
            channel,
            { creditMicros },
          ]),
        ),
      ]);
    const { body } = await world.get('/v1/attribution?model=markov&view=batch');
    expect(body.meta).toMatchObject({ view: 'batch', generation: 1 });
    expect(body.totals.conversions).toBe(1);
  });

  test('value falls on the campaigns that earned in its currency, credit on all of them', async () => {
    const world = await walked([
      { path: ['a'], converted: true, value: 100, currency: 'EUR', campaign: 'x' },
      { path: ['a'], converted: true, value: 7000, currency: 'JPY', campaign: 'y' },
    ]);
    for (const model of SHARED) {
      const { body } = await world.get(`/v1/attribution?model=${model}&by=campaign,currency`);
      expect([model, body.rows.map((row: AnyRow) => [row.campaign, row.currency, row.creditMicros, row.valueMinor])]).toEqual([
        model,
        [
          ['x', 'EUR', 1_000_000, 100],
          ['y', 'JPY', 1_000_000, 7000],
        ],
      ]);
    }
  });
});

describe('names of channels', () => {
  test('channels that the definitions do not tell apart are one row, with their touches and costs', async () => {
    const world = await walked(
      [
        { path: ['search', 'tail-1'], converted: true, value: 10, cost: 3, campaign: 'x' },
        { path: ['tail-2'], converted: true, value: 10, cost: 4, campaign: 'y' },
      ],
      { attribution: { channels: ['search'] } },
    );
    for (const model of [...SHARED, 'orderedShapley']) {
      const { body } = await world.get(`/v1/attribution?model=${model}`);
      expect(body.rows.map((row: AnyRow) => [row.channel, row.touches, row.costMinor])).toEqual([
        ['(other)', 2, 7],
        ['search', 1, 3],
      ]);
      if (model !== 'orderedShapley') expect(body.meta.warnings.join()).toContain('2 conversions met channels');
      const cells = (await world.get(`/v1/attribution?model=${model}&by=campaign&channel=(other)`)).body;
      expect(cells.rows.map((row: AnyRow) => row.campaign)).toEqual(['x', 'y']);
    }
    // A rule-based report of its own keeps every channel; beside a data-driven model it is comparable.
    expect(Object.keys(await rowsOf(world, 'model=last'))).toEqual(['search', 'tail-1', 'tail-2']);
    const { body } = await world.get('/v1/attribution/compare?models=last,shapley');
    expect(body.rows.map((row: AnyRow) => [row.channel, row.models.last.creditMicros])).toEqual([
      ['(other)', 2_000_000],
      ['search', 0],
    ]);
  });

  test('a journey of more than 20 channels counts as (other) in sets, and the answer says how many did', async () => {
    const long = Array.from({ length: 21 }, (_, i) => `c${i}`);
    const world = await walked([
      { path: long, converted: true, value: 100 },
      { path: ['c1'], converted: true, value: 1 },
    ]);
    const rows = await rowsOf(world, 'model=shapley');
    expect([rows['(other)'].creditMicros, rows['c1'].creditMicros]).toEqual([1_000_000, 1_000_000]);
    const { meta } = (await world.get('/v1/attribution?model=shapley&by=campaign,day')).body;
    expect(meta).toMatchObject({
      complete: true,
      warnings: [expect.stringContaining('1 conversions met more than 20 channels')],
    });
    const { body } = await world.get('/v1/attribution?model=markov');
    expect(body.rows).toHaveLength(21);
    expect(body.meta.warnings).toEqual([]);
  });

  test('more channels than a chain takes: the smallest are grouped, said so, and nothing is lost', async () => {
    const world = await walked(
      Array.from({ length: 230 }, (_, i) => [
        ...times(i < 5 ? 2 : 1, { path: [`big-${i % 5}`, `tiny-${i}`], converted: true, value: 7, cost: 1 }),
      ]).flat(),
    );
    const { body } = await world.get('/v1/attribution?model=markov');
    expect(body.rows).toHaveLength(200);
    expect(body.totals).toMatchObject({ conversions: 235, valueMinor: 1645, costMinor: 470 });
    expect(body.meta.complete).toBe(true);
    expect(body.meta.warnings.join()).toContain('the 36 smallest channels are grouped into (other)');
    expect(body.rows.map((row: AnyRow) => row.channel)).toEqual(expect.arrayContaining(['(other)', 'big-0', 'big-4', 'tiny-0']));
    expect((await world.get('/v1/attribution?model=shapley')).body.rows).toHaveLength(235);
  });
});

describe('uncertainty', () => {
  test('intervals hold the share, repeat with their seed, and are the models own', async () => {
    const world = await walked([
      ...times(6, { path: ['a', 'b'], converted: true, value: 10 }),
      ...times(3, { path: ['a'], converted: false }),
      ...times(2, { path: ['b'], converted: true, value: 5 }),
      ...times(2, { path: [], converted: true, value: 5 }),
    ]);
    for (const model of SHARED) {
      const query = `model=${model}&intervals=60&seed=7&level=0.8`;
      const rows = await rowsOf(world, query);
      for (const channel of ['a', 'b']) {
        const { conversionsLow, conversionsHigh, valueMinorLow, valueMinorHigh, rank, rankStability } = rows[channel];
        expect([rows[channel].shareLow, rows[channel].shareHigh]).toEqual([conversionsLow / 10, conversionsHigh / 10]);
        expect([
          model,
          conversionsLow < conversionsHigh && valueMinorLow < valueMinorHigh,
          rank >= 1 && rank <= 2,
          rankStability > 0,
        ]).toEqual([model, true, true, true]);
      }
      expect(rows['a'].conversionsHigh + rows['b'].conversionsLow).toBeCloseTo(8, 9);
      expect(await rowsOf(world, query)).toEqual(rows);
      expect(await rowsOf(world, query.replace('seed=7', 'seed=8'))).not.toEqual(rows);
      const { body } = await world.get(`/v1/attribution?${query}`);
      expect(body.parameters).toMatchObject({ seed: 7, intervals: 60, level: 0.8 });
    }
  });
});

describe('formats and /v1/models', () => {
  test('ndjson is the rows of json, csv has a column for everything a row says', async () => {
    const world = await walked([{ path: ['a', '=b'], converted: true, value: 10, cost: 2 }]);
    for (const model of ['markov', 'linear']) {
      const json = (await world.get(`/v1/attribution?model=${model}`)).body;
      const lines = await world.get(`/v1/attribution?model=${model}&format=ndjson`);
      expect(lines.headers['content-type']).toContain('application/x-ndjson');
      expect(
        lines.text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual(json.rows);
      const csv = await world.get(`/v1/attribution?model=${model}&format=csv`);
      const [head = '', first = ''] = csv.text.split('\r\n');
      expect(head.split(',').sort()).toEqual([...new Set(json.rows.flatMap((row: AnyRow) => Object.keys(row)))].sort());
      expect(first.startsWith(`'=b,`)).toBe(true);
      expect(csv.headers['x-tributary-complete']).toBe('true');
    }
    expect((await world.get('/v1/attribution?model=markov&format=ndjson&from=2020-01-01&to=2020-01-02')).text).toBe('');
  });

  test('models say their rule and what they take; reports say what they were run with', async () => {
    const world = await walked([{ path: ['a'], converted: true }], { attribution: { transitionOrder: 2 } });
    const { body } = await world.get('/v1/models');
    expect(ModelsAnswer.parse(body)).toEqual(body);
    expect(body.models.map(({ name }: AnyRow) => name)).toEqual([
      ...['first', 'last', 'lastNonDirect', 'linear', 'positionBased', 'timeDecay'],
      ...['shapley', 'orderedShapley', 'rateShapley', 'markov', 'markovShapley', 'hybrid', 'participation', 'assisted'],
    ]);
    const hybrid = (await world.get('/v1/attribution?model=hybrid&order=2&alpha=0.25')).body;
    expect(hybrid).toMatchObject({
      model: 'hybrid',
      parameters: { order: 2, alpha: 0.25 },
      lookbackDays: 30,
      definitions: world.definitions.version,
      sampling: null,
    });
    expect((await world.get('/v1/attribution?model=linear')).body.parameters).toEqual({});
    const compare = (await world.get('/v1/attribution/compare?models=last,markov')).body;
    expect(CompareAnswer.parse(compare)).toEqual(compare);
    expect(compare).toMatchObject({ baseline: 'last', parameters: { order: 1 }, lookbackDays: 30 });
  });

  test('participation and assisted count conversions for each channel, campaigns included, and say so', async () => {
    const world = await walked([
      { path: ['a', 'b'], converted: true, value: 10, campaign: 'x' },
      { path: ['b', 'b'], converted: true, value: 5, campaign: 'y' },
    ]);
    const rows = await rowsOf(world, 'model=participation');
    expect([rows['a'].conversions, rows['b'].conversions, rows['b'].valueMinor]).toEqual([1, 2, 15]);
    const assisted = await rowsOf(world, 'model=assisted');
    expect([assisted['a'].conversions, assisted['b'].conversions, assisted['b'].valueMinor]).toEqual([1, 1, 5]);
    const { body } = await world.get('/v1/attribution?model=participation&by=channel,campaign');
    expect(body.rows.map((row: AnyRow) => [row.channel, row.campaign, row.conversions])).toEqual([
      ['a', 'x', 1],
      ['b', 'x', 1],
      ['b', 'y', 1],
    ]);
    expect(body.meta.warnings.join()).toContain('the totals are not the conversions');
    expect((await world.get('/v1/attribution?model=participation&campaign=y')).body.totals.conversions).toBe(1);
  });
});

describe('bad input: a clear error with a code and a fix', () => {
  test.each([
    ['attribution?model=markov&order=2', 'invalid_query', 'definitions.attribution.transitionOrder'],
    ['attribution?model=markov&order=5', 'invalid_query', 'order'],
    ['attribution?model=markov&order=0', 'invalid_query', 'order'],
    ['attribution?model=markov&order=1.5', 'invalid_query', 'order'],
    ['attribution?model=hybrid&alpha=1.1', 'invalid_query', 'alpha'],
    ['attribution?model=hybrid&alpha=-0.1', 'invalid_query', 'alpha'],
    ['attribution?model=hybrid&alpha=half', 'invalid_query', 'alpha'],
    ['attribution?model=hybrid&alpha=1e-3', 'invalid_query', 'alpha'],
    ['attribution?model=markov&value=profit', 'invalid_query', 'value'],
    ['attribution?model=markov&by=position', 'invalid_query', 'orderedShapley'],
    ['attribution?model=linear&by=channel,position', 'invalid_query', 'orderedShapley'],
    ['attribution/compare?models=orderedShapley&by=position', 'invalid_query', 'position'],
    ['attribution?model=linear&intervals=10', 'invalid_query', 'shapley, rateShapley, markov, markovShapley, hybrid'],
    ['attribution?model=markov&intervals=1001', 'invalid_query', 'intervals'],
    ['attribution?model=markov&intervals=10&level=1', 'invalid_query', 'level'],
    ['attribution?model=markov&seed=-1', 'invalid_query', 'seed'],
    ['attribution?model=markov&format=parquet', 'invalid_query', 'format'],
    ['attribution?model=Markov', 'unknown_model', 'markovShapley'],
    ['attribution/compare?models=last,markov&baseline=linear', 'invalid_query', 'last, markov'],
    ['attribution/compare?models=last&baseline=nope', 'unknown_model', 'nope'],
    ['attribution/compare?models=', 'invalid_query', 'models'],
    ['attribution/compare?models=markov&order=3', 'invalid_query', 'order'],
    ['paths?limit=1001', 'invalid_query', 'limit'],
    ['paths?sort=length', 'invalid_query', 'sort'],
    ['paths?channel=a', 'invalid_query', 'channel'],
    ['paths?from=2026-11-21&to=2026-11-20', 'empty_range', '2026'],
    ['transitions?order=2', 'invalid_query', 'transitionOrder'],
    ['transitions?cursor=AAAA', 'invalid_query', 'cursor'],
    ['coalitions?order=1', 'invalid_query', 'order'],
  ])('GET /v1/%s is 400 %s', async (url, code, says) => {
    const world = await walked([{ path: ['a'], converted: true }]);
    const { status, body } = await world.get(`/v1/${url}`);
    expect([status, body.code]).toEqual([400, code]);
    expect(body.detail).toContain(says);
    expect(Problem.parse(body)).toEqual(body);
  });

  test('a cursor belongs to its model and its parameters', async () => {
    const world = await walked([{ path: ['a', 'b', 'c'], converted: true }], { attribution: { transitionOrder: 2 } });
    const { nextCursor } = (await world.get('/v1/attribution?model=markov&limit=1')).body;
    expect((await world.get(`/v1/attribution?model=markov&limit=1&cursor=${nextCursor}`)).body.rows[0].channel).toBe('b');
    for (const other of [
      'model=shapley',
      'model=markov&order=2',
      'model=markov&value=conversions',
      'model=markov&by=channel,day',
    ])
      expect((await world.get(`/v1/attribution?${other}&cursor=${nextCursor}`)).body.code).toBe('invalid_query');
  });
});
