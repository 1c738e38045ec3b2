import type { GenerationManifest } from '@tributary/archive/layout';
import { partitionOf } from '@tributary/model/user-key';
import { createSpeedBoard } from '@tributary/serving/freshness/speed-board';
import { startStopwatch } from '@tributary/testkit/stopwatch';
import { describe, expect, test } from 'vitest';
import { byChannel, naiveByChannel, shopping } from './shopping.ts';
import { createWorld, event, NOON, PARTITIONS } from './world.ts';

const HOUR = 3_600_000;

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
      '/v1/conversion-list',
      '/v1/status',
    ])
      expect([url, (await world.get(url)).body.code]).toEqual([url, 'store_unavailable']);
    expect((await world.post('/v1/signals/query', { users: ['u1'] })).body.code).toBe('store_unavailable');
    expect((await world.get('/readyz', null)).status).toBe(503);
    expect((await world.get('/livez', null)).status).toBe(200);
  });

  test('law 7: a store that does not answer leaves the last consistent report, incomplete, with reason and age, for a minute', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    await shopping(world, 2, 40, NOON - 5 * HOUR);
    const fresh = (await world.get('/v1/attribution?model=linear')).body;
    expect(fresh.meta.complete).toBe(true);
    world.broken.store = true;
    world.advance(4_000);
    const { status, body } = await world.get('/v1/attribution?model=linear');
    expect(status).toBe(200);
    expect(body.rows).toEqual(fresh.rows);
    expect(body.meta).toMatchObject({ complete: false, generation: 1 });
    expect(body.meta.warnings[0]).toMatch(/^the answer is 4000 ms old: the store did not answer: .*ECONNREFUSED/);
    // This view was not asked for before: there is nothing to be given.
    expect((await world.get('/v1/coalitions')).body.code).toBe('store_unavailable');
    world.advance(57_000);
    expect((await world.get('/v1/attribution?model=linear')).body.code).toBe('store_unavailable');
    world.broken.store = false;
    expect((await world.get('/v1/attribution?model=linear')).body).toMatchObject({
      rows: fresh.rows,
      meta: { warnings: expect.not.arrayContaining([expect.stringContaining('old')]) },
    });
  });

  test('law 7: readers of a store that is busy get the last consistent report within the bound, not an error', async () => {
    let busy = Promise.resolve();
    const world = await createWorld({ turn: () => busy, limits: { freshMs: 50 } });
    await world.tick();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    const fresh = (await world.get('/v1/attribution?model=linear')).body;
    const free = Promise.withResolvers<void>();
    busy = free.promise;
    await world.ingest(event({ type: 'purchase', value: 100, currency: 'EUR' }));
    const watch = startStopwatch();
    const { status, body } = await world.get('/v1/attribution?model=linear');
    expect(watch.stop()).toBeLessThan(1_000);
    expect(status).toBe(200);
    expect(body.rows).toEqual(fresh.rows);
    expect(body.meta.complete).toBe(false);
    expect(body.meta.warnings.join()).toContain('the store did not answer within 50 ms');
    free.resolve();
    const later = (await world.get('/v1/attribution?model=linear')).body;
    expect(byChannel(later.rows)).toEqual(naiveByChannel(world, 'linear'));
    expect(later.meta.warnings.join()).not.toContain('old');
  });

  test('law 7: a view that an upgrade added is refused by name until a generation has it; everything else stands', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    const { coalitions: _coalitions, ...views } = world.manifests.get(1)?.views ?? {};
    world.manifests.set(1, { ...(world.manifests.get(1) as GenerationManifest), views });
    await world.publish(1);
    await world.tick();
    expect((await world.get('/readyz', null)).status).toBe(200);
    expect(byChannel((await world.get('/v1/attribution?model=linear')).body.rows)).toEqual(naiveByChannel(world, 'linear'));
    const refused = await world.get('/v1/coalitions');
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({
      code: 'view_not_computed',
      detail: 'generation 1 was computed without the view "coalitions"',
    });
    expect(refused.text).toContain('next generation');
    await world.cut(2);
    await world.publish(2);
    await world.tick();
    expect((await world.get('/v1/coalitions')).status).toBe(200);
  });

  test('an API that cannot give a report is not ready, though its store answers and a generation is in memory', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    expect((await world.get('/readyz', null)).status).toBe(200);
    await world.cut(2);
    world.broken.generations.add(2);
    await world.publish(2);
    await world.tick();
    const older = await world.get('/readyz', null);
    expect(older.status).toBe(200);
    expect(older.body.detail).toContain('generation 1 is served, not the current one');
    // What would make generation 1 exact is gone.
    await world.deps.store.retireDeltas(2);
    expect((await world.get('/v1/attribution?model=linear')).status).toBe(503);
    const { status, body } = await world.get('/readyz', null);
    expect(status).toBe(503);
    expect(body.detail).toContain('no report can be given');
  });

  test('a speed layer that stands still is reported by the readiness, which stays: an incomplete report is better than none', async () => {
    const world = await createWorld();
    await world.tick();
    world.unread.push({ partition: 3, position: '50000000', appendedMs: NOON });
    world.advance(30_000);
    await world.tick();
    const { status, body } = await world.get('/readyz', null);
    expect(status).toBe(200);
    expect(body.detail).toMatch(/incomplete: partition 3: .* waited for 30\.0 s/);
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

  test('law 7: at start the newest older generation that was computed stands in for a corrupt one, never a newer one', async () => {
    const world = await createWorld();
    await shopping(world, 1, 40, NOON - 6 * HOUR);
    for (const generation of [1, 2, 3, 4, 5, 6]) await world.cut(generation);
    for (const failed of [2, 3, 4])
      world.manifests.set(failed, { ...(world.manifests.get(failed) as GenerationManifest), state: 'failed' });
    world.broken.generations.add(5);
    await world.publish(5);
    await world.tick();
    const { body } = await world.get('/v1/attribution?model=last');
    expect(body.meta).toMatchObject({ generation: 1, complete: false });
    expect(byChannel(body.rows)).toEqual(naiveByChannel(world, 'last'));
  });

  test('a corrupt generation is not read again by each request, but after a while', async () => {
    const world = await createWorld();
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    await world.cut(2);
    world.broken.generations.add(2);
    await world.publish(2);
    await world.tick();
    const failures = () => world.warnings.filter((warning) => warning === 'generation 2 cannot be loaded').length;
    for (let request = 0; request < 5; request++) await world.get('/v1/activity');
    expect(failures()).toBe(1);
    world.advance(200);
    await world.tick();
    expect(failures()).toBe(2);
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
    expect(body).toMatchObject({ code: 'deltas_retired', detail: expect.stringContaining('generation 1') });
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
    expect(body.meta.warnings.join()).toContain('the whole effect of 3 events');
  });

  test('law 7: events that the log holds and the speed layer has not read make the answer incomplete', async () => {
    const world = await createWorld();
    for (let partition = 0; partition < PARTITIONS; partition++) await world.commit(partition, {}, { logTimeMs: NOON });
    await world.tick();
    world.advance(60_000); // idle for a minute, without heartbeats: nothing is missing
    await world.tick();
    const meta = async () => (await world.get('/v1/activity')).body.meta;
    expect(await meta()).toMatchObject({ complete: true, speed: { lagMs: 0, watermark: NOON } });
    const append = (position: string, appendedMs = world.deps.now()) => world.unread.push({ partition: 3, position, appendedMs });
    append('50000000');
    await world.tick();
    world.advance(4_000);
    append('60000000'); // the log goes on; the first unread entry counts
    await world.tick();
    expect(await meta()).toMatchObject({ complete: true, speed: { lagMs: 4_000 } });
    world.advance(6_000);
    expect(await meta()).toMatchObject({ complete: false, speed: { lagMs: 10_000, watermark: NOON } });
    expect((await meta()).warnings.join()).toMatch(/partition 3: .* waited for 10\.0 s/);
    expect((await world.get('/v1/users/u5/signals')).body.meta).toMatchObject({ complete: false, reasons: ['behind'] });
    for (let commits = 0; commits < 3; commits++) await world.commit(3, {}, {});
    await world.tick();
    expect(await meta()).toMatchObject({ complete: false }); // none of the unread entries was passed
  });

  test('law 7: lag is the age of the oldest entry not applied, though the worker passes every end that was seen', async () => {
    const world = await createWorld();
    for (let partition = 0; partition < PARTITIONS; partition++) await world.commit(partition, {}, { logTimeMs: NOON });
    const first = world.sequence() + 1;
    const append = (entries: number[]) => {
      for (const i of entries)
        world.unread.push({ partition: 3, position: String(first + i).padStart(8, '0'), appendedMs: NOON });
    };
    // A burst of one instant, of which the first poll sees the beginning; the worker applies one entry in four seconds.
    append([0, 1]);
    await world.tick();
    append([2, 3, 4, 5, 6, 7]);
    const lags: (number | null)[] = [];
    for (let applied = 0; applied < 5; applied++) {
      if (applied > 0) await world.tick();
      const { meta } = (await world.get('/v1/activity')).body;
      lags.push(meta.speed.lagMs);
      expect(meta.complete).toBe(world.deps.now() - NOON < world.deps.limits.patienceMs);
      world.advance(4_000);
      await world.commit(3, {}, {});
    }
    expect(lags).toEqual([0, 4_000, 8_000, 12_000, 16_000]);
  });

  test('law 7: what waits in one partition makes answers about its users incomplete, and about no others', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'purchase', id: 'of-u1', userId: 'u1', value: 100 }));
    await world.ingest(event({ type: 'purchase', id: 'of-u5', userId: 'u5', value: 100 }));
    world.unread.push({ partition: partitionOf('u5', PARTITIONS), position: '50000000', appendedMs: NOON });
    world.advance(30_000);
    await world.tick();
    const behind = { complete: false, reasons: ['behind'], warnings: [expect.stringMatching(/^partition 3: .* waited for/)] };
    const whole = { complete: true, reasons: [], warnings: [] };
    const metaOf = async (path: string) => (await world.get(path)).body.meta;
    for (const path of ['/v1/users/USER/signals', '/v1/users/USER/journey', '/v1/conversions/of-USER'])
      expect([await metaOf(path.replace('USER', 'u1')), await metaOf(path.replace('USER', 'u5'))]).toMatchObject([whole, behind]);
    const queried = async (users: string[]) => (await world.post('/v1/signals/query', { users })).body.meta;
    for (const both of [
      ['u1', 'u5'],
      ['u5', 'u1'],
    ])
      expect([await queried(['u1']), await queried(both)]).toMatchObject([whole, behind]);
    expect(await metaOf('/v1/activity')).toMatchObject(behind);
  });

  test('law 7: that the log of one partition is dated ahead is said to its own users, and once in answers about all', async () => {
    const world = await createWorld();
    const userOf = (partition: number) =>
      Array.from({ length: 100 }, (_, i) => `u${i}`).find((user) => partitionOf(user, PARTITIONS) === partition) as string;
    for (const userId of [0, 1, 3].map(userOf)) await world.ingest(event({ type: 'purchase', id: userId, userId, value: 1 }));
    const ends = await world.deps.logReach.ends();
    const ahead = [ends[1], ends[3]];
    Object.assign(world.deps.logReach, { dateOf: (position: string) => NOON + (ahead.includes(position) ? HOUR : 0) });
    await world.tick();
    const warningsOf = async (path: string) => (await world.get(path)).body.meta.warnings;
    for (const path of ['/v1/users/USER/signals', '/v1/users/USER/journey'])
      for (const partition of [0, 1, 3])
        expect([partition, await warningsOf(path.replace('USER', userOf(partition)))]).toEqual([
          partition,
          partition === 0 ? [] : [expect.stringMatching(new RegExp(`^partition ${partition}: .* ahead of this clock`))],
        ]);
    expect(await warningsOf('/v1/activity')).toEqual([expect.stringMatching(/^partition 1: /)]);
    const logReach = { ...world.deps.logReach, mayMisplace: true as const };
    const board = createSpeedBoard({ ...world.deps, logReach }, world.generations);
    await board.poll();
    expect(board.health().notes).toMatchObject([{ partition: null }, { partition: null }]);
  });

  test('law 7: where others may write into any partition, what waits in one makes every answer incomplete', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'purchase', id: 'of-u1', userId: 'u1', value: 100 }));
    world.unread.push({ partition: partitionOf('u5', PARTITIONS), position: '50000000', appendedMs: NOON });
    world.advance(30_000);
    const logReach = { ...world.deps.logReach, mayMisplace: true as const };
    const board = createSpeedBoard({ ...world.deps, logReach }, world.generations);
    await board.poll();
    expect(board.health().missing).toMatchObject([{ reason: 'behind', partition: null }]);
  });

  test('law 7: a process that just started knows how old the unread entries are', async () => {
    const world = await createWorld();
    for (let partition = 0; partition < PARTITIONS; partition++) await world.commit(partition, {}, { logTimeMs: NOON });
    world.unread.push({ partition: 3, position: '50000000', appendedMs: NOON });
    world.advance(30_000);
    const fresh = createSpeedBoard(world.deps, world.generations);
    expect(fresh.health().missing.map(({ reason }) => reason)).toEqual(['log_unknown']);
    await fresh.poll();
    expect(fresh.health()).toMatchObject({ lagMs: 30_000 });
    expect(fresh.health().missing).toMatchObject([{ reason: 'behind', partition: 3 }]);
    world.advance(1_000);
    expect(fresh.health()).toMatchObject({ lagMs: 31_000 });
  });

  test('law 7: a log that does not answer makes answers incomplete, not complete by default', async () => {
    const world = await createWorld();
    await world.tick();
    Object.assign(world.deps.logReach, { ends: () => Promise.reject(new Error('the log is gone')) });
    world.advance(9_000);
    await world.tick();
    expect((await world.get('/v1/activity')).body.meta.complete).toBe(true);
    world.advance(2_000);
    await world.tick();
    const { meta } = (await world.get('/v1/activity')).body;
    expect(meta).toMatchObject({ complete: false, speed: { lagMs: null } });
    expect(meta.warnings.join()).toContain('the end of the log has been unknown for 11.0 s: the log is gone');
    const unknown = { complete: false, reasons: ['log_unknown'] };
    expect((await world.get('/v1/users/u1/signals')).body.meta).toMatchObject(unknown);
    expect((await world.post('/v1/signals/query', { users: ['u1', 'u5'] })).body.meta).toMatchObject(unknown);
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
