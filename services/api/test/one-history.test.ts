import { createServing, keepUpToDate } from '@tributary/serving/serving';
import { expect, test, vi } from 'vitest';
import { shopping } from './shopping.ts';
import { createWorld, NOON, PARTITIONS } from './world.ts';

const HOUR = 3_600_000;

/** A platform whose generation 1 is served, with everything that was written applied. */
async function served() {
  const world = await createWorld();
  for (let partition = 0; partition < PARTITIONS; partition++) await world.commit(partition, {}, {});
  await shopping(world, 1, 20, NOON - 6 * HOUR);
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  await world.tick();
  return world;
}

test('law 7: where the log ends before the cut that is served, answers are incomplete and the API is not ready, with the reason', async () => {
  const world = await served();
  const { ends } = world.deps.logReach;
  expect((await world.get('/readyz', null)).status).toBe(200);
  // Redis was put back to a copy from before the generation: neither log nor store can know it.
  Object.assign(world.deps.logReach, { ends: async () => [null, ...(await ends()).slice(1)] });
  await world.tick();
  const reason = /partition 0: the log has no entry, and generation 1 was cut at \d{8}/;
  for (const url of ['/v1/activity', '/v1/users/u1/signals', '/v1/users/u1/journey']) {
    const { meta } = (await world.get(url)).body;
    expect(meta.complete, url).toBe(false);
    expect(meta.warnings.join(), url).toMatch(reason);
  }
  const { status, body } = await world.get('/readyz', null);
  expect(status).toBe(503);
  expect(body.detail).toMatch(/not of one history/);
  expect(body.detail).toMatch(reason);
  Object.assign(world.deps.logReach, { ends });
  await world.tick();
  expect((await world.get('/v1/activity')).body.meta.complete).toBe(true);
  expect((await world.get('/readyz', null)).status).toBe(200);
});

test('a generation that is cut and published between two polls of the log does not make answers incomplete', async () => {
  const world = await served();
  await shopping(world, 2, 20, NOON - 5 * HOUR);
  await world.cut(2);
  await world.publish(2);
  await world.generations.refresh();
  expect((await world.get('/v1/activity')).body.meta).toMatchObject({ generation: 2, complete: true });
});

test('a generation that is published right after a process started does not make answers incomplete', async () => {
  const world = await served();
  const started = createServing(world.deps);
  const missing = () => started.board.health().missing;
  const stop = keepUpToDate(started);
  try {
    await vi.waitUntil(() => started.generations.current().served === 1 && missing().length === 0, { timeout: 20_000 });
    await world.cut(2);
    await world.publish(2);
    await started.generations.refresh();
    expect([started.generations.current().served, missing()]).toEqual([2, []]);
  } finally {
    stop();
  }
});

test('law 7: what the log said before any generation was known makes no answer complete', async () => {
  const world = await served();
  const { board, generations } = createServing(world.deps);
  const reasons = () => board.health().missing.map(({ reason }) => reason);
  await board.poll();
  expect(reasons()).toEqual([]);
  await generations.refresh();
  expect([generations.current().served, reasons()]).toEqual([1, ['log_unknown']]);
  await board.poll();
  expect(reasons()).toEqual([]);
});

test.each(['poll', 'request'] as const)(
  'law 7: a store that stands behind what a %s found makes the next answers incomplete, until it has come back',
  async (seenBy) => {
    const world = await served();
    const signals = async () => {
      await world.tick();
      world.advance(200); // meta of signals is remembered for a moment
      return (await world.get('/v1/users/u2/signals')).body.meta;
    };
    const copy = world.memory.snapshot(2);
    await world.commit(2, {}, {});
    const whole = world.memory.snapshot(2);
    if (seenBy === 'poll') await world.tick();
    else expect((await world.get('/v1/activity')).body.meta.complete).toBe(true);
    world.memory.restore(2, copy);
    const lost = new RegExp(`partition 2: .* was at ${world.states[2]?.position} before`);
    const { meta } = (await world.get('/v1/activity')).body;
    expect(meta).toMatchObject({ complete: false, warnings: [expect.stringMatching(lost)] });
    expect(await signals()).toMatchObject({ complete: false, warnings: [expect.stringMatching(lost)] });
    world.memory.restore(2, whole);
    expect(await signals()).toMatchObject({ complete: true, warnings: [] });
    expect((await world.get('/v1/activity')).body.meta.complete).toBe(true);
  },
);

test('law 7: a store that a request finds further back than a poll did makes the next answers incomplete, before any poll', async () => {
  const world = await served();
  const copy = world.memory.snapshot(2);
  await world.commit(2, {}, {});
  await world.tick();
  world.memory.restore(2, copy);
  world.advance(2_000);
  expect((await world.board.recentStates())[2]?.position).not.toBe(world.states[2]?.position);
  expect((await world.get('/v1/users/u2/signals')).body.meta).toMatchObject({
    complete: false,
    warnings: [expect.stringMatching(new RegExp(`partition 2: .* was at ${world.states[2]?.position} before`))],
  });
});

test('what a request reads of the store is what all have for 2 s, where polls found it down', async () => {
  const world = await served();
  world.broken.store = true;
  await world.tick();
  world.broken.store = false;
  const states = vi.spyOn(world.deps.store, 'states');
  world.advance(2_000);
  await world.commit(2, {}, {});
  const position = world.states[2]?.position;
  const { recentStates } = world.board;
  for (const read of [...(await Promise.all([recentStates(), recentStates()])), await recentStates(), world.board.states()])
    expect(read[2]?.position).toBe(position);
  expect(states).toHaveBeenCalledTimes(1);
});

test('an answer that others overtake while it is read is complete: its store stands behind nothing that was seen before', async () => {
  const world = await served();
  await world.get('/v1/activity');
  const { store } = world.deps;
  const { follow } = store;
  Object.assign(store, {
    follow: async (...question: Parameters<typeof follow>) => {
      const followed = await follow(...question);
      await world.commit(2, {}, {});
      await world.board.poll();
      return followed;
    },
  });
  expect((await world.get('/v1/activity')).body.meta).toMatchObject({ complete: true, warnings: [] });
});

test('law 7: what an answer finds while a poll is under way is not lost to the poll, and not forgotten by it', async () => {
  const world = await served();
  const signals = async () => {
    world.advance(200); // meta of signals is remembered for a moment
    return (await world.get('/v1/users/u2/signals')).body.meta;
  };
  const copy = world.memory.snapshot(2);
  const { store } = world.deps;
  const { states } = store;
  Object.assign(store, {
    states: async () => {
      const read = await states();
      await world.commit(2, {}, {});
      expect((await world.get('/v1/activity')).body.meta.complete).toBe(true);
      return read;
    },
  });
  await world.board.poll();
  expect(await signals()).toMatchObject({ complete: true, warnings: [] });
  Object.assign(store, { states });
  world.memory.restore(2, copy);
  expect((await world.get('/v1/activity')).body.meta).toMatchObject({
    complete: false,
    warnings: [expect.stringMatching(/partition 2: .* was at \d+ before/)],
  });
});

test('an answer from before the store was down does not say that the store lost what it wrote since', async () => {
  const world = await served();
  await world.get('/v1/activity');
  Object.assign(world.deps.store, { follow: () => Promise.reject(new Error('connection reset')) });
  await world.commit(2, {}, {});
  await world.board.poll();
  expect((await world.get('/v1/activity')).body.meta).toMatchObject({
    complete: false,
    warnings: [expect.stringMatching(/^the answer is 0 ms old: .*connection reset/)],
  });
});

test('law 7: a log time 200 days ahead makes answers of users and reports incomplete, and the readiness says so', async () => {
  const world = await served();
  const leadMs = 200 * 24 * HOUR;
  await world.commit(1, {}, { logTimeMs: NOON + leadMs });
  await world.tick();
  const reason = /partition 1: log time is 2027-06-08T12:00:00.000Z, 200 d 0 h ahead of this clock/;
  for (const url of ['/v1/activity', '/v1/users/u15/signals', '/v1/users/u15/journey']) {
    const { meta } = (await world.get(url)).body;
    expect(meta.complete, url).toBe(false);
    expect(meta.warnings.join(), url).toMatch(reason);
  }
  const { status, body } = await world.get('/readyz', null);
  expect(status).toBe(200);
  expect(body.detail).toMatch(reason);
  world.advance(leadMs);
  await world.tick();
  expect((await world.get('/v1/activity')).body.meta.complete).toBe(true);
});
