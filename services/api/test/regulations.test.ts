/** Erasing and lifting as Segment's regulations ask for it. */
import type { Event } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { expect, test } from 'vitest';
import { digestOf } from './memory-erasures.ts';
import { ADMIN, createWorld, NOON, PARTITIONS } from './world.ts';

const USERS = ['ada', 'eve', 'bob'];
const order = (userId: string): Event => ({
  ...{ ts: NOON, type: 'purchase', id: `order of ${userId}`, userId, receivedAt: NOON, source: 'test' },
  ...{ value: 100, currency: 'EUR' },
});
type Shown = { readonly id: string; readonly state: string };

test('law 9: a regulation of Segment erases all its subjects, and lifts all of them or none', async () => {
  const world = await createWorld();
  for (const user of USERS) await world.ingest(order(user));
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const refuse = async (users: readonly string[]) => {
    for (const [partition, own] of Map.groupBy(USERS, (user) => partitionOf(user, PARTITIONS)))
      await world.commit(
        partition,
        {},
        { ...world.states[partition], erased: own.filter((user) => users.includes(user)).map(digestOf) },
      );
  };
  const regulate = (regulationType: string, subjectIds: readonly string[], subjectType = 'USER_ID') =>
    world.post('/v1/regulations', { regulationType, subjectType, subjectIds }, ADMIN);
  const written = () => world.appended.flatMap(({ body }) => body.split('\n')).map((line) => JSON.parse(line) as Event);

  const erased = await regulate('SUPPRESS_WITH_DELETE', ['ada', 'eve']);
  expect(erased.status).toBe(200);
  const ids = (erased.body.erasures as Shown[]).map(({ id }) => id);
  expect(ids).toHaveLength(2);
  expect(erased.body.data).toEqual({ regulateId: ids[0] });
  expect(written().map(({ type, userId }) => [type, userId])).toEqual(['ada', 'eve'].map((user) => ['tributary.erase', user]));
  await refuse(['ada', 'eve']);

  // Only one of both is out of the generation that readers get.
  const recomputed = async (generation: number, digests: readonly string[]) => {
    await world.cut(generation, false);
    const manifest = world.manifests.get(generation);
    if (manifest !== undefined)
      world.manifests.set(generation, { ...manifest, erased: digests, cut: manifest.cut.map(() => '9') });
    await world.publish(generation);
    await world.tick();
  };
  await recomputed(2, [digestOf('ada')]);
  const early = await regulate('UNSUPPRESS', ['ada', 'eve', 'bob']);
  expect(early).toMatchObject({ status: 409, body: { detail: expect.stringContaining(`got notCounted of ${ids[1]}`) } });
  expect(written()).toHaveLength(2);
  await recomputed(3, ['ada', 'eve'].map(digestOf));
  const lifted = await regulate('UNSUPPRESS', ['ada', 'eve', 'bob', 'ada'], 'ANONYMOUS_ID');
  expect((lifted.body.erasures as Shown[]).map(({ id, state }) => [id, state])).toEqual(ids.map((id) => [id, 'lifting']));
  expect(written().filter(({ type }) => type === 'tributary.lift')).toHaveLength(2);
  // Before real time read it, the log may have lost it: it is asked for again. Afterwards nothing is in force.
  expect((await regulate('UNSUPPRESS', ['ada'])).body.data).toEqual({ regulateId: ids[0] });
  await refuse([]);
  expect((await regulate('UNSUPPRESS', USERS)).body).toEqual({ data: { regulateId: null }, erasures: [], warnings: [] });
  expect(written()).toHaveLength(5);

  for (const [type, subject, reason] of [
    ['DELETE_ONLY', 'USER_ID', 'UNSUPPRESS once each erasure is recomputed'],
    ['SUPPRESS_ONLY', 'USER_ID', 'neither is done without the other'],
    ['SUPPRESS_WITH_DELETE', 'OBJECT_ID', 'USER_ID or ANONYMOUS_ID'],
  ] as const)
    expect(await regulate(type, ['ada'], subject)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining(reason) },
    });
  expect(written()).toHaveLength(5);
  expect(world.actions.join()).not.toMatch(/ada|eve/);
});
