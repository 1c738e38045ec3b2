/** Data-driven reports in the small: published oracles, money, names of channels, bounds, bad input. */

import { CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { bruteForceRemoval } from '@tributary/testkit/oracle/brute-force';
import { describe, expect, test } from 'vitest';
import { type AnyRow, isWithheld, rowsOf, SHARED, seesNulls, times, walked } from './walked.ts';
import { createWorld, event, NOON, type World } from './world.ts';

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
    expect(['C1', 'C2', 'C3'].map((channel) => rows[channel].conversionsOnPaths)).toEqual([0.5, 1, 1]);
    expect(['C1', 'C2', 'C3'].map((channel) => rows[channel].valueMinorOnPaths)).toEqual([500, 1000, 1000]);
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
  test('ROAS, CPA and ROAS on paths by channel and campaign; null where it cost nothing', async () => {
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
      conversionsOnPaths: 2,
      valueMinorOnPaths: 4000,
      roasOnPaths: 4,
    });
    expect(rows['mail']).toMatchObject({
      creditMicros: 0,
      costMinor: 0,
      roas: null,
      cpaMinor: null,
      effect: 0,
      roasOnPaths: null,
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
      conversionsOnPaths: 1,
    });
    expect(cells['search/generic']).toMatchObject({
      creditMicros: 1_000_000,
      valueMinor: 1000,
      roas: 2,
      valueMinorOnPaths: 1000,
      roasOnPaths: 2,
    });
    expect(body.totals).toMatchObject({ conversions: 3, valueMinor: 4077, costMinor: 1000, roas: 4.077 });
    // A part of a channel has no removal effect of its own, only its part of what would be lost.
    const brand = (await rowsOf(world, 'model=markov&campaign=brand'))['search'];
    expect(brand).toMatchObject({ creditMicros: 1_000_000, share: 1, conversionsOnPaths: 1, valueMinorOnPaths: 3000 });
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
    for (const figures of [mixed.totals, ...mixed.rows]) expect(figures).not.toHaveProperty('valueMinor');
    expect(mixed.meta.warnings.join()).toContain('EUR, JPY');
    expect(mixed.rows[0].valueEffect).toBeNull();
  });

  test('more currencies than a game is run for: a clear error; conversions alone are answered', async () => {
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
    const { rows } = (await world.get('/v1/attribution?model=markov&by=currency')).body;
    expect(rows.map((row: AnyRow) => row.valueMinor)).toEqual(Array.from({ length: 12 }, () => 5));
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
    await expectEmpty(world, '&channel=unknown');
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
        const value = isWithheld(body, model, 'valueMinor') ? null : 3;
        expect([model, by, body.totals.valueMinor, body.meta.complete]).toEqual([model, by, value, true]);
      }
  });

  test('layer=speed may hold counts below 0: they are left out of the model and said so; the credit is still that of the deltas', async () => {
    const world = await walked([
      { path: ['a', 'b'], converted: true, userId: 'returning' },
      { path: ['b'], converted: false },
    ]);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    // A touch of the converted journey that arrives after the cut: its set and its transitions are taken back.
    await world.ingest(event({ type: 'ad_click', userId: 'returning', channel: 'c', ts: NOON - 90_000 }));
    for (const model of SHARED) {
      const { status, body } = await world.get(`/v1/attribution?model=${model}&layer=speed`);
      expect([model, status, body.totals.creditMicros, body.meta.complete]).toEqual([model, 200, 0, true]);
      if (seesNulls(model)) expect(body.meta.warnings.join()).toContain('below 0');
      expect((await world.get(`/v1/attribution?model=${model}`)).body).toMatchObject({
        totals: { creditMicros: 1_000_000 },
        meta: { complete: true },
      });
    }
    expect((await world.get('/v1/transitions?layer=speed')).body.meta.warnings.join()).toContain('below 0');
    expect((await world.get('/v1/coalitions?layer=batch')).body.coalitions).toHaveLength(2);
  });
});
