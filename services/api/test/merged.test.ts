import { createRandom } from '@tributary/testkit/inputs/random';
import { describe, expect, test } from 'vitest';
import { byChannel, naiveByChannel, shopping } from './shopping.ts';
import { createWorld, event, NOON, type World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

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
      ['merged', 'speed', 'batch'].map((layer) => world.get(`/v1/attribution?by=channel,day,currency&layer=${layer}`)),
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
    const earlierName = await world.get('/v1/attribution?by=channel,day,currency&view=speed');
    expect(earlierName.body.rows).toEqual(speed?.body.rows);
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
  test('law 7: of the generations that were served some stay in memory, an older one is loaded again', async () => {
    const world = await createWorld();
    const loads: number[] = [];
    const { source } = world.deps;
    const { viewRows } = source;
    Object.assign(source, {
      viewRows: (manifest: Parameters<typeof viewRows>[0]) => {
        loads.push(manifest.generation);
        return viewRows(manifest);
      },
    });
    const serve = async (generation: number) => {
      await world.publish(generation);
      await world.tick();
      expect(world.generations.current().served).toBe(generation);
    };
    for (const generation of [1, 2, 3, 4, 5]) {
      await world.cut(generation);
      await serve(generation);
    }
    await serve(3);
    expect(loads).toEqual([1, 2, 3, 4, 5]);
    await serve(2);
    expect(loads).toEqual([1, 2, 3, 4, 5, 2]);
    // What was served until now is the likeliest to be served again.
    await serve(3);
    expect(loads).toEqual([1, 2, 3, 4, 5, 2]);
  });

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
