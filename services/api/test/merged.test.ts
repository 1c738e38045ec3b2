import { naive } from '@tributary/testkit/naive';
import { createRandom } from '@tributary/testkit/random';
import { addRow, type Rows } from '@tributary/views/deltas';
import { describe, expect, test } from 'vitest';
import { createWorld, event, NOON, PARTITIONS, type World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The oracle's credit by channel under one model. */
function naiveByChannel(world: World, model: string): Record<string, { creditMicros: number; valueMinor: number }> {
  const sums: Rows = new Map();
  for (const [key, measures] of naive(world.log, world.definitions).get('credit') ?? []) {
    const parts = key.split('\t');
    if (parts[1] === model) addRow(sums, parts[3] as string, measures);
  }
  return Object.fromEntries(
    [...sums].map(([channel, [creditMicros = 0, valueMinor = 0]]) => [channel, { creditMicros, valueMinor }]),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
function byChannel(rows: any[]): Record<string, { creditMicros: number; valueMinor: number }> {
  return Object.fromEntries(
    rows
      .filter((row) => row.creditMicros !== 0 || row.valueMinor !== 0)
      .map(({ channel, creditMicros, valueMinor }) => [channel, { creditMicros, valueMinor }]),
  );
}

async function shopping(world: World, seed: number, events: number, fromMs: number) {
  const random = createRandom(seed);
  for (let i = 0; i < events; i++) {
    const ts = fromMs + random.below(2 * HOUR);
    const userId = `u${random.below(12)}`;
    if (random.chance(0.25))
      await world.ingest(event({ type: 'purchase', userId, ts, value: random.between(-500, 9_999), currency: 'EUR' }));
    else
      await world.ingest(
        event({ type: 'ad_click', userId, ts, channel: random.pick(['search', 'social', 'email']), cost: random.below(90) }),
      );
  }
}

describe('law 1: the answer is view(g) + deltas of generations ≥ g', () => {
  test('law 1: merged equals naive before, between and after cuts, for every model', async () => {
    const world = await createWorld();
    await world.tick();
    for (let generation = 0; generation <= 3; generation++) {
      if (generation > 0) {
        await world.cut(generation);
        await shopping(world, 100 + generation, 15, NOON - 3 * HOUR); // between cut and publication
        await expectNaive(world);
        await world.publish(generation);
        await world.tick();
      }
      await expectNaive(world);
      await shopping(world, generation, 60, NOON - 6 * HOUR + generation * HOUR);
      await expectNaive(world);
    }
  });

  async function expectNaive(world: World) {
    for (const model of ['first', 'last', 'linear', 'positionBased', 'timeDecay', 'lastNonDirect']) {
      const { status, body } = await world.get(`/v1/attribution?model=${model}`);
      expect(status).toBe(200);
      expect(byChannel(body.rows)).toEqual(naiveByChannel(world, model));
      expect(body.meta.complete).toBe(true);
    }
  }

  test('law 1: speed + batch = merged, row by row', async () => {
    const world = await createWorld();
    await shopping(world, 1, 50, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await shopping(world, 2, 50, NOON - 4 * HOUR);
    await world.tick();
    const [merged, speed, batch] = await Promise.all(
      ['merged', 'speed', 'batch'].map((view) => world.get(`/v1/attribution?by=channel,day,currency&view=${view}`)),
    );
    const sums = new Map<string, number>();
    for (const row of [speed, batch].flatMap((answer) => answer?.body.rows))
      sums.set(row.channel, (sums.get(row.channel) ?? 0) + row.creditMicros);
    expect(Object.fromEntries(sums)).toEqual(
      Object.fromEntries(
        merged?.body.rows.map((row: { channel: string; creditMicros: number }) => [row.channel, row.creditMicros]),
      ),
    );
    expect(batch?.body.totals.conversions).toBeGreaterThan(0);
    expect(speed?.body.totals.conversions).toBeGreaterThan(0);
    expect(speed?.body.meta.view).toBe('speed');
  });

  test('law 1: a rollback is exact at once, and forward again', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await shopping(world, 2, 40, NOON - 5 * HOUR);
    await world.cut(2);
    await world.publish(2);
    await shopping(world, 3, 40, NOON - 4 * HOUR);
    await world.tick();
    const expected = naiveByChannel(world, 'linear');
    for (const [path, generation] of [
      ['/v1/generations/1/rollback', 1],
      ['/v1/generations/2/publish', 2],
    ] as const) {
      expect((await world.post(path, {}, 'Bearer ta_admin_x')).status).toBe(200);
      const { body } = await world.get('/v1/attribution?model=linear');
      expect(body.meta.generation).toBe(generation);
      expect(byChannel(body.rows)).toEqual(expected);
    }
    expect(world.publications.map(({ action, held, by }) => [action, held, by])).toEqual([
      ['publish', false, 'test'],
      ['publish', false, 'test'],
      ['rollback', true, 'key ta_admin'],
      ['publish', false, 'key ta_admin'],
    ]);
  });

  test('law 1: a speed worker that lags behind the barrier of a published generation: exact before and after it reads it', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1, false);
    await world.publish(1);
    await world.tick();
    expect(byChannel((await world.get('/v1/attribution?model=last')).body.rows)).toEqual(naiveByChannel(world, 'last'));
    await world.readBarrier(1);
    await shopping(world, 2, 40, NOON - 6 * HOUR);
    expect(byChannel((await world.get('/v1/attribution?model=last')).body.rows)).toEqual(naiveByChannel(world, 'last'));
  });
});

describe('fault 16: the pointer moves under readers', () => {
  test('law 1: 1 000 concurrent readers, pointer swapped back and forth: no answer mixes generations', async () => {
    const random = createRandom(16);
    const pause = async () => {
      for (let turns = random.below(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    };
    const world = await createWorld({ turn: pause });
    await shopping(world, 1, 60, NOON - 6 * HOUR);
    for (const generation of [1, 2]) {
      await world.cut(generation);
      await world.publish(generation);
      await world.tick();
      await shopping(world, 1 + generation, 60, NOON - 5 * HOUR);
    }
    const expected = naiveByChannel(world, 'positionBased');
    let reading = true;
    const swapping = (async () => {
      for (let generation = 1; reading; generation = 3 - generation) {
        await world.publish(generation);
        for (let turns = random.below(4); turns >= 0; turns--) await pause();
      }
    })();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        for (let turns = random.below(30); turns > 0; turns--) await pause();
        return world.get('/v1/attribution?model=positionBased&by=channel');
      }),
    );
    reading = false;
    await swapping;
    const seen = new Set<number>();
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      seen.add(body.meta.generation);
      expect(byChannel(body.rows)).toEqual(expected);
      expect(body.meta.complete).toBe(true);
    }
    expect([...seen].sort()).toEqual([1, 2]);
  });

  test('law 1: while the new generation loads, the previous one is served, exactly', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    await shopping(world, 2, 40, NOON - 5 * HOUR);
    await world.cut(2);
    const hold = Promise.withResolvers<void>();
    world.holdLoads(hold.promise);
    await world.publish(2);
    const during = await world.get('/v1/attribution?model=linear');
    expect(during.body.meta).toMatchObject({ generation: 1, complete: true });
    expect(byChannel(during.body.rows)).toEqual(naiveByChannel(world, 'linear'));
    hold.resolve();
    await world.tick();
    expect((await world.get('/v1/attribution?model=linear')).body.meta.generation).toBe(2);
  });
});

describe('law 7: no silent holes', () => {
  test('law 7: nothing loaded yet is 503, never a report of the deltas alone', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'purchase', value: 5 }));
    await world.cut(1);
    await world.publish(1);
    const hold = Promise.withResolvers<void>();
    world.holdLoads(hold.promise);
    const { status, body } = await world.get('/v1/attribution');
    expect(status).toBe(503);
    expect(body.code).toBe('not_ready');
    expect((await world.get('/readyz', null)).status).toBe(503);
    hold.resolve();
    await world.tick();
    expect((await world.get('/v1/attribution')).body.totals.conversions).toBe(1);
    expect((await world.get('/readyz', null)).status).toBe(200);
  });

  test('law 7: a partition that does not answer fails the request', async () => {
    const world = await createWorld();
    await world.tick();
    world.broken.partition = 2;
    const { status, body, headers } = await world.get('/v1/activity');
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'store_unavailable', detail: expect.stringContaining(`partition 2 of ${PARTITIONS}`) });
    expect(headers['retry-after']).toBe('2');
  });

  test('law 7: a store that is down is 503 on every route that reads it, and the process is not ready', async () => {
    const world = await createWorld();
    await world.tick();
    world.broken.store = true;
    for (const url of [
      '/v1/attribution',
      '/v1/attribution?model=markov',
      '/v1/paths',
      '/v1/transitions',
      '/v1/coalitions',
      '/v1/activity',
      '/v1/users/u1/signals',
      '/v1/users/u1/journey',
      '/v1/conversions/x',
      '/v1/status',
    ])
      expect([url, (await world.get(url)).body.code]).toEqual([url, 'store_unavailable']);
    expect((await world.post('/v1/signals/query', { users: ['u1'] })).body.code).toBe('store_unavailable');
    expect((await world.get('/readyz', null)).status).toBe(503);
    expect((await world.get('/livez', null)).status).toBe(200);
  });

  test('law 7: a corrupt generation leaves the older one in place, incomplete and with the reason; its repair heals it', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    await shopping(world, 2, 40, NOON - 5 * HOUR);
    await world.cut(2);
    world.broken.generations.add(2);
    await world.publish(2);
    await world.tick();
    const { body } = await world.get('/v1/attribution?model=linear');
    expect(byChannel(body.rows)).toEqual(naiveByChannel(world, 'linear'));
    expect(body.meta).toMatchObject({ generation: 1, complete: false });
    expect(body.meta.warnings.join()).toContain('another SHA-256');
    world.broken.generations.clear();
    world.advance(6_000);
    await world.tick();
    expect((await world.get('/v1/attribution')).body.meta).toMatchObject({ generation: 2, complete: true });
  });

  test('law 7: a corrupt generation whose older ones are retired is 503, not a smaller number', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    await world.cut(2);
    world.broken.generations.add(2);
    await world.publish(2);
    await world.deps.store.retireDeltas(2);
    const { status, body } = await world.get('/v1/attribution');
    expect(status).toBe(503);
    expect(body.detail).toContain('generation 1');
  });

  test('law 7: at start with a corrupt current generation, an older kept one is served and says so', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await shopping(world, 2, 40, NOON - 5 * HOUR);
    await world.cut(2);
    await world.publish(2);
    world.broken.generations.add(2);
    await world.tick();
    const { body } = await world.get('/v1/attribution?model=linear');
    expect(body.meta).toMatchObject({ generation: 1, complete: false });
    expect(byChannel(body.rows)).toEqual(naiveByChannel(world, 'linear'));
  });

  test('law 7: a lost pointer does not turn readers back: the publication file is the truth', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1, false);
    await world.tick();
    world.broken.pointer = true;
    const { body } = await world.get('/v1/attribution?model=last');
    expect(body.meta.generation).toBe(1);
    expect(byChannel(body.rows)).toEqual(naiveByChannel(world, 'last'));
  });

  test('law 7: a pointer that lags behind the publication file does not turn readers back', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await world.cut(2);
    await world.publish(2, false);
    await world.tick();
    for (let request = 0; request < 2; request++) {
      const { body } = await world.get('/v1/attribution?model=last');
      expect(body.meta.generation).toBe(2);
      expect(byChannel(body.rows)).toEqual(naiveByChannel(world, 'last'));
    }
  });

  test('law 7: overflowed timelines make the answer incomplete', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'visit' }));
    await world.commit(1, { overflowed: 3 }, {});
    await world.tick();
    const { body } = await world.get('/v1/touches');
    expect(body.meta.complete).toBe(false);
    expect(body.meta.warnings.join()).toContain('3 timelines');
  });

  test('law 7: events that the log holds and the speed layer has not read make the answer incomplete', async () => {
    const world = await createWorld();
    for (let partition = 0; partition < PARTITIONS; partition++) await world.commit(partition, {}, { logTimeMs: NOON });
    await world.tick();
    world.advance(60_000); // idle for a minute, without heartbeats: nothing is missing
    await world.tick();
    const meta = async () => (await world.get('/v1/activity')).body.meta;
    expect(await meta()).toMatchObject({ complete: true, speed: { lagMs: 0, watermark: NOON } });
    const reached = world.deps.logEnds;
    const append = (position: string) => Object.assign(world.deps, { logEnds: async () => (await reached()).with(3, position) });
    append('50000000');
    await world.tick();
    world.advance(4_000);
    append('60000000'); // the log goes on; the first unread entry counts
    await world.tick();
    expect(await meta()).toMatchObject({ complete: true, speed: { lagMs: 4_000 } });
    world.advance(6_000);
    expect(await meta()).toMatchObject({ complete: false, speed: { lagMs: 10_000, watermark: NOON } });
    expect((await meta()).warnings.join()).toContain('partition 3');
    expect((await world.get('/v1/users/u1/signals')).body.meta.complete).toBe(false);
    Object.assign(world.deps, { logEnds: reached });
    for (let commits = 0; commits < 3; commits++) await world.commit(3, {}, {});
    await world.tick();
    expect(await meta()).toMatchObject({ complete: false }); // the very position that was seen is not reached yet
  });

  test('law 7: a log that does not answer makes answers incomplete, not complete by default', async () => {
    const world = await createWorld();
    await world.tick();
    Object.assign(world.deps, { logEnds: () => Promise.reject(new Error('down')) });
    world.advance(9_000);
    await world.tick();
    expect((await world.get('/v1/activity')).body.meta.complete).toBe(true);
    world.advance(2_000);
    await world.tick();
    const { meta } = (await world.get('/v1/activity')).body;
    expect(meta).toMatchObject({ complete: false, speed: { lagMs: null } });
    expect(meta.warnings.join()).toContain('the log has not said how far it goes for 11000 ms');
  });

  test('law 4: rows whose credit does not reach the conversions are served as incomplete', async () => {
    const world = await createWorld();
    await shopping(world, 1, 30, NOON - 6 * HOUR);
    await world.tick();
    expect((await world.get('/v1/attribution')).body.meta.complete).toBe(true);
    await world.commit(0, { deltas: new Map([['conversions', new Map([['2026-11-20\tpurchase\tEUR', [1, 100]]])]]) }, {});
    const { body } = await world.get('/v1/attribution');
    expect(body.meta.complete).toBe(false);
    expect(body.meta.warnings.join()).toContain('credit and conversions disagree at 2026-11-20, purchase, EUR');
  });
});

describe('law 8: late is visible', () => {
  test('law 8: a late event is pending in meta until the generation that counts it', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'visit', ts: NOON }));
    await world.ingest(event({ type: 'visit', ts: NOON - 10 * DAY }));
    await world.tick();
    expect((await world.get('/v1/touches')).body).toMatchObject({ totals: { touches: 1 }, meta: { pending: 1 } });
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    expect((await world.get('/v1/touches')).body).toMatchObject({ totals: { touches: 2 }, meta: { pending: 0, generation: 1 } });
  });
});
