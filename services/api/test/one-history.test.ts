import { expect, test } from 'vitest';
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
  const reason = /partition 0: the log has no entry, and generation 1 was cut at 00000001/;
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

test('a generation that is cut and published between two looks at the log does not make answers incomplete', async () => {
  const world = await served();
  await shopping(world, 2, 20, NOON - 5 * HOUR);
  await world.cut(2);
  const manifest = world.manifests.get(2);
  if (manifest === undefined) throw new Error('there is no generation 2');
  world.manifests.set(2, { ...manifest, cut: world.states.map((state) => state?.position ?? '') });
  await world.publish(2);
  await world.generations.refresh();
  expect((await world.get('/v1/activity')).body.meta).toMatchObject({ generation: 2, complete: true });
});
