import { readForgotten } from '@tributary/archive/forgotten';
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { MOST_LINKS_OF_DAY } from '@tributary/model/identity/links';
import { partitionOf } from '@tributary/model/user-key';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { COOKIE, GONE, joined, ofCookie, rowsWith, STORED, settle } from './lent.ts';
import { event } from './one-user.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const PLAIN = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 50, signalRetention: { days: 90, perUser: 20 } });
const JOINED = joined(PLAIN);
const erase = (userKey: string, n: number): Event =>
  JSON.parse(encodeErasure({ type: ERASE_TYPE, userKey, id: `erasure-${n}`, atMs: event('', 0, '').receivedAt })) as Event;

async function recordOf({ serving }: World, userKey: string): Promise<string> {
  const [record = null] = await serving.records([{ partition: partitionOf(userKey, PARTITIONS), userKey }], 1e8);
  return String(record ?? '');
}

test('law 9: archived files are not called searched while others have what an erased device had lent, and nothing withdraws it yet', async () => {
  const world = await createWorld(JOINED);
  try {
    await world.ingest([ofCookie('c1', 1, 'click'), event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE })]);
    await settle(world);
    await world.run({}, STORED);
    await world.ingest([erase(COOKIE, 1)]);
    // What withdraws it stays in the outbox.
    await world.turn();
    let views = 0;
    const runOnce = async () => {
      await world.ingest([event(`v${++views}`, 5, 'view', { userId: 'zoe' })]);
      await world.run({ scheduled: false }, STORED);
      await world.turn();
      return readForgotten(world.dataDir);
    };
    for (const _ of [1, 2]) expect(await runOnce()).toMatchObject({ erased: [], searchedAt: null });
    // With its own one, which says what withdraws the other where the store is lost.
    expect((await rowsWith(world, GONE, 'archive')).length).toBe(2);
    await settle(world);
    for (const _ of [1, 2]) expect((await runOnce())?.searchedAt).toBeGreaterThan(0);
    expect(await rowsWith(world, GONE, 'archive')).toEqual([]);
  } finally {
    await world.close();
  }
});

test('law 9: what an erased device had lent by a link that does not count any more leaves archive and records too', async () => {
  const world = await createWorld(JOINED);
  try {
    const noon = event('', 0, '').receivedAt;
    const signIn = (userId: string, hours: number, receivedAt: number) =>
      event(`of-${userId}`, hours, 'identify', { userId, anonymousId: COOKIE, receivedAt });
    // bob's is the first in time, and the last that was received of as many as count on a day.
    await world.ingest([ofCookie('c1', 1, 'click'), signIn('bob', 2, noon)]);
    for (let n = 1; n < MOST_LINKS_OF_DAY; n++) await world.ingest([signIn(`user-${n}`, 3, noon - n)]);
    await settle(world);
    expect(await recordOf(world, 'bob')).toContain(GONE);
    await world.run({}, STORED);
    await world.ingest([signIn('eve', 3, noon - 1_000)]);
    await settle(world);
    await world.ingest([erase(COOKIE, 1)]);
    await settle(world);
    expect(await recordOf(world, 'bob')).not.toContain(GONE);
    for (let n = 0; n < 4; n++) {
      await world.ingest([event(`v${n}`, 5, 'view', { userId: 'zoe' })]);
      await world.run({ scheduled: false }, STORED);
      await world.turn();
    }
    expect((await readForgotten(world.dataDir))?.searchedAt).toBeGreaterThan(0);
    expect(await rowsWith(world, GONE, 'archive')).toEqual([]);
  } finally {
    await world.close();
  }
});

test('law 7: Redis writes its files again once a day for an erased user who goes on sending, also while a key waits for what withdraws its events', async () => {
  const world = await createWorld(JOINED);
  try {
    await world.ingest([
      ofCookie('c1', 1, 'click'),
      event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE }),
      event('e0', 3, 'view', { userId: 'eve' }),
    ]);
    await settle(world);
    await world.run({}, STORED);
    await world.ingest([erase(COOKIE, 1), erase('eve', 2)]);
    await world.turn();
    let asked = 0;
    for (const n of [1, 2, 3, 4, 5, 6]) {
      await world.ingest([event(`e${n}`, 5, 'view', { userId: 'eve' })]);
      await world.run({ scheduled: false }, { ...STORED, rewriteRedisFiles: async () => ++asked > 0 });
      await world.turn();
    }
    expect(await readForgotten(world.dataDir)).toMatchObject({ erased: [expect.anything()], searchedAt: null });
    expect(asked).toBe(1);
  } finally {
    await world.close();
  }
});

test('laws 1, 5 and 9: what an erased device had lent, and others lent on, leaves archive, generations and records', async () => {
  const world = await createWorld(JOINED);
  try {
    await world.ingest([
      ofCookie('c1', 1, 'click'),
      ofCookie('c2', 2, 'view'),
      event('s1', 3, 'identify', { userId: 'bob', anonymousId: COOKIE }),
      event('m1', 3, 'alias', { userId: 'dave', properties: { previousId: 'bob' } }),
      event('o1', 4, 'buy', { userId: 'bob', value: 100, currency: 'EUR' }),
      event('o2', 4, 'buy', { userId: 'dave', value: 70, currency: 'EUR' }),
    ]);
    await settle(world);
    await world.run({}, STORED);
    expect(await recordOf(world, 'dave')).toContain(GONE);
    expect(await rowsWith(world, `"path":["${COOKIE}","bob"]`, 'archive')).not.toEqual([]);
    await world.ingest([event('s2', 4.5, 'identify', { userId: 'ada', anonymousId: COOKIE }), ofCookie('c3', 4.8, 'click')]);
    await settle(world);
    await world.ingest([erase('ada', 1), erase(COOKIE, 2)]);
    await settle(world);
    for (const key of ['bob', 'dave']) expect(await recordOf(world, key), key).not.toContain(GONE);
    for (const _ of [1, 2, 3, 4]) {
      await world.run({ scheduled: false }, STORED);
      await world.turn();
    }
    const last = (await world.current())?.generation ?? 0;
    const left = [
      event('s1', 3, 'identify', { userId: 'dave' }),
      event('m1', 3, 'alias', { userId: 'dave' }),
      event('o1', 4, 'buy', { userId: 'dave', value: 100, currency: 'EUR' }),
      event('o2', 4, 'buy', { userId: 'dave', value: 70, currency: 'EUR' }),
    ];
    expect(differences(await world.viewsOf(last), naive(left, JOINED))).toEqual([]);
    expect(differences(await world.merged(), naive(left, JOINED))).toEqual([]);
    expect((await world.manifest(last)).withdrawn).toBe(2);
    for (const folder of ['archive', 'generations']) {
      expect(await rowsWith(world, GONE, folder), folder).toEqual([]);
      expect(await rowsWith(world, `"path":["${COOKIE}"`, folder), folder).toEqual([]);
    }
    // A full run reads the archive alone.
    await world.run({ mode: 'full' }, STORED);
    expect(differences(await world.viewsOf(last + 1), naive(left, JOINED))).toEqual([]);
  } finally {
    await world.close();
  }
});
