import { MODEL_NAMES } from '@tributary/attribution/models/catalogue';
import { AttributionAnswer, CompareAnswer, ModelsAnswer } from '@tributary/contract/groups/attribution-answer';
import { Problem } from '@tributary/contract/shapes/problem';
import { describe, expect, test } from 'vitest';
import { type AnyRow, type Journey, MINUTE, rowsOf, SHARED, seesNulls, times, walk, walked } from './walked.ts';
import { event, NOON } from './world.ts';

describe('what an answer is of', () => {
  const dayBefore = NOON - 24 * 60 * MINUTE;

  test('nulls are those of the window: journeys that ended on other days do not count', async () => {
    // Conversions with `a` and without it: models that compare both see the nulls, too.
    const world = await walked([
      { path: ['a', 'b'], converted: true },
      { path: ['b'], converted: true },
      { path: ['b'], converted: false },
    ]);
    const query = 'from=2026-11-20&to=2026-11-21';
    const answers = async () => Promise.all(SHARED.map((model) => rowsOf(world, `model=${model}&${query}`)));
    const before = await answers();
    for (let i = 0; i < 3; i++) await world.ingest(event({ type: 'ad_click', userId: `lost-${i}`, channel: 'b', ts: dayBefore }));
    expect(await answers()).toEqual(before);
    for (const [i, rows] of (await Promise.all(SHARED.map((model) => rowsOf(world, `model=${model}`)))).entries())
      if (seesNulls(SHARED[i])) expect([SHARED[i], rows['a'].effect]).not.toEqual([SHARED[i], before[i]?.['a'].effect]);
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

  test('layer=batch is the model of view(g) alone', async () => {
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
      expect([model, await rowsOf(world, `model=${model}&layer=batch&value=conversions`)]).toMatchObject([
        model,
        Object.fromEntries(
          Object.entries(await rowsOf(alone, `model=${model}&value=conversions`)).map(([channel, { creditMicros }]) => [
            channel,
            { creditMicros },
          ]),
        ),
      ]);
    const { body } = await world.get('/v1/attribution?model=markov&layer=batch');
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

  test('grouped channels are grouped everywhere: touches and costs are those of the names, alone and in a comparison', async () => {
    const hidden = Array.from({ length: 21 }, (_, i) => `only-in-a-long-path-${i}`);
    const world = await walked([
      ...Array.from({ length: 230 }, (_, i) => ({ path: [`c${i}`], converted: true, value: 7, cost: 1 })),
      { path: hidden, converted: true, value: 7, cost: 1 },
    ]);
    const alone = (await world.get('/v1/attribution?model=rateShapley')).body;
    const beside = (await world.get('/v1/attribution/compare?models=shapley,rateShapley,markov')).body;
    expect(alone.rows).toHaveLength(200);
    expect(alone.rows.filter((row: AnyRow) => row.creditMicros === 0)).toEqual([]);
    const facts = (row: AnyRow) => [row.channel, row.touches, row.costMinor];
    expect(beside.rows.map(facts)).toEqual(alone.rows.map(facts));
    expect(facts(alone.rows[0])).toEqual(['(other)', 31 + 21, 31 + 21]);
    // Shapley by itself tracks all of them: a comparison says that it does not.
    expect(beside.meta.warnings.join()).toContain('all models of this comparison see the channels so grouped');
    expect(alone.meta.warnings.join()).not.toContain('comparison');
  });
});

describe('names that reports use', () => {
  test('a channel of an old archive named (unattributed) adds nothing to the conversions without a path, and is said', async () => {
    const world = await walked([
      { path: ['(unattributed)', 'a'], converted: true, value: 10, cost: 3 },
      { path: ['(unattributed)'], converted: true, value: 4, cost: 3 },
      { path: [], converted: true, value: 5 },
    ]);
    for (const model of SHARED) {
      const { body } = await world.get(`/v1/attribution?model=${model}`);
      const rows = Object.fromEntries(body.rows.map((row: AnyRow) => [row.channel, row]));
      expect([model, Object.keys(rows)]).toEqual([model, ['(other)', '(unattributed)', 'a']]);
      expect(rows['(unattributed)']).toMatchObject({ conversions: 1, valueMinor: 5, touches: 0, costMinor: 0, effect: null });
      expect(rows['(other)']).toMatchObject({ touches: 2, costMinor: 6 });
      expect(rows['(other)'].creditMicros).toBeGreaterThan(0);
      expect(body.meta.warnings.join()).toContain('a channel is named (unattributed)');
      expect(body.meta.complete).toBe(true);
    }
  });
});

describe('negative shares', () => {
  const OUTSIDE = expect.stringMatching(
    /^rateShapley gives shares below 0 or above 1 \(.*bad -[\d.]+ %, 3 journeys over it alone\), so it hands out no credit/,
  );

  test('shares outside of the whole hand out no credit, whatever the rows are by: effects only, and the code', async () => {
    const world = await walked([
      ...times(4, { path: ['a'], converted: true, value: 10, campaign: 'x' }),
      ...times(8, { path: ['a', 'bad'], converted: false }),
      { path: ['a', 'bad'], converted: true, value: 10, campaign: 'y' },
      ...times(3, { path: ['bad'], converted: false }),
    ]);
    const asked = async (query: string) => (await world.get(`/v1/attribution?${query}`)).body;
    const whole = await asked('model=rateShapley');
    expect(AttributionAnswer.parse(whole)).toEqual(whole);
    expect(whole.rows.map((row: AnyRow) => [row.channel, row.effect > 0])).toEqual([
      ['a', true],
      ['bad', false],
    ]);
    expect(whole.meta.warnings).toEqual([OUTSIDE]);
    for (const value of ['', '&value=revenue']) {
      const { rows, totals, meta } = await asked(`model=rateShapley&by=campaign,channel${value}`);
      for (const row of rows) expect(row).toMatchObject({ valueMinor: null, roas: null, valueCautions: 'outside_of_whole' });
      expect(totals).toMatchObject({ valueMinor: null, roas: null });
      expect(meta).toMatchObject({ complete: true, warnings: [OUTSIDE] });
    }
    expect((await asked('model=shapley&by=channel,campaign')).meta.warnings).toEqual([]);
  });
});

describe('uncertainty', () => {
  /** 300 users, some of whom convert repeatedly. */
  const users = (): Journey[] =>
    Array.from({ length: 300 }, (_, i): Journey[] => {
      const path = [['a', 'b'], ['a'], ['b', 'a'], ['b']][i % 4] as string[];
      const own = { path, value: 40 + (i % 7), currency: 'EUR', userId: `user ${i}` };
      const orders = i % 3 === 0 ? 1 + (i % 2) : 0;
      return orders === 0 ? [{ ...own, converted: false }] : times(orders, { ...own, converted: true });
    }).flat();

  test('intervals hold the figures, say what they cover, and are the same live and once a generation has counted', async () => {
    const world = await walked(users(), {}, { partitions: 16 });
    const ask = async (model: string) => (await world.get(`/v1/attribution?model=${model}&intervals=1&level=0.8`)).body;
    const live = await Promise.all(SHARED.map(ask));
    for (const [i, model] of SHARED.entries()) {
      const { uncertainty, rows } = live[i] as AnyRow;
      expect([model, uncertainty]).toMatchObject([model, { unit: 'partition', groups: 16, level: 0.8 }]);
      expect(AttributionAnswer.parse(live[i])).toEqual(live[i]);
      const isRefused = (reward: string, codes: string) =>
        codes !== '' || uncertainty.cautions.some((one: AnyRow) => one.reward === reward && one.code !== 'larger_orders_unseen');
      for (const row of rows as AnyRow[])
        for (const [figure, reward, codes] of [
          ...['share', 'conversions', 'effect'].map((name) => [name, 'conversions', row.conversionsCautions]),
          ['valueMinor', 'value', row.valueCautions],
        ]) {
          const [low, is, high] = [row[`${figure}Low`], row[figure], row[`${figure}High`]];
          const isSound = low === null ? isRefused(reward, codes) : low < is && is < high;
          expect([model, row.channel, figure, low, is, high, isSound]).toEqual([model, row.channel, figure, low, is, high, true]);
        }
      if (model !== 'rateShapley')
        expect(rows.every((row: AnyRow) => row.shareLow !== null && row.valueMinorLow !== null)).toBe(true);
    }
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    for (const [i, model] of SHARED.entries()) {
      const counted = await ask(model);
      expect(counted.meta.generation).toBe(1);
      expect({ ...counted, meta: null }).toEqual({ ...live[i], meta: null });
    }
  });

  test('too few partitions, and a generation that does not keep them, give no interval but the reason', async () => {
    const few = (await (await walked(users())).get('/v1/attribution?model=shapley&intervals=1')).body;
    expect(few.uncertainty.cautions).toMatchObject([
      { reward: 'conversions', code: 'too_few_groups' },
      { reward: 'value', code: 'too_few_groups' },
    ]);
    expect(few.rows[0]).toMatchObject({ shareLow: null, shareHigh: null, conversionsLow: null, effectLow: null, rank: null });
    const world = await walked(users(), {}, { partitions: 16 });
    await world.cut(1, true, { isGrouped: false });
    await world.publish(1);
    await world.tick();
    const { body } = await world.get('/v1/attribution?model=shapley&intervals=1');
    expect(body.uncertainty).toMatchObject({
      groups: null,
      cautions: [{ code: 'groups_not_kept' }, { code: 'groups_not_kept' }],
    });
    expect(body.rows[0]).toMatchObject({ shareLow: null, conversionsLow: null, rank: null });
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
    expect(body.models.map(({ name }: AnyRow) => name)).toEqual(MODEL_NAMES);
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
    ...['orderedShapley', 'participation', 'assisted'].map((model) => [
      `attribution?model=${model}&intervals=10`,
      'invalid_query',
      'linear, positionBased, timeDecay, jShaped, inverseJ, custom, shapley, rateShapley',
    ]),
    ['attribution?model=markov&intervals=1001', 'invalid_query', 'intervals'],
    ['attribution?model=markov&intervals=9&by=', 'invalid_query', 'by must be channel'],
    ['attribution?model=markov&intervals=9&by=day', 'invalid_query', 'by must be channel'],
    ['attribution?model=markov&intervals=9&by=channel,campaign', 'invalid_query', 'by must be channel'],
    ['attribution?model=markov&intervals=9&campaign=x', 'invalid_query', 'campaign be left out'],
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

  test('an order that is not kept, while a newer generation loads: the message says that one does', async () => {
    const world = await walked([{ path: ['a'], converted: true }]);
    let loaded = () => {};
    world.holdLoads(
      new Promise((resolve) => {
        loaded = resolve;
      }),
    );
    await world.cut(1);
    await world.publish(1);
    for (const url of ['/v1/attribution?model=markov&order=2', '/v1/transitions?order=2']) {
      const { body } = await world.get(url);
      expect([body.code, body.detail]).toEqual(['invalid_query', expect.stringContaining('generation 1 is published and still')]);
    }
    loaded();
    await world.tick();
    const { body } = await world.get('/v1/transitions?order=2');
    expect([body.code, body.detail]).toEqual(['invalid_query', expect.not.stringContaining('loading')]);
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
