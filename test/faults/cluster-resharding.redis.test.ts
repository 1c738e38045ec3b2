/** Laws 1, 3 and 7 while a slot moves from one node of a Redis Cluster to another, key by key. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import type { OutboxUnderTest } from '@tributary/testkit/contracts/outbox-contract';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { VIEWS } from '@tributary/views/registry';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { RIG_PARTITIONS, type Rig, startRig } from './cluster-rig.ts';
import { type ClusterStores, startClusterStores } from './cluster-stores.ts';

const P = 2;
const VIEW = 'conversions';
const USER = { partition: P, userKey: 'Björk' };
let stores: ClusterStores;
let rig: Rig | undefined;

beforeAll(async () => {
  stores = await startClusterStores();
});
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});
afterAll(() => stores?.stop());

/** Everything that readers ask of partition 2. */
async function all({ speed, serving, outbox }: OutboxUnderTest) {
  const start = { commitId: '', commits: 0 };
  return {
    state: await speed.loadState(P),
    states: await serving.states(),
    deltas: await serving.deltas([VIEW, 'activity'], 0),
    whole: await serving.readWhole([P], [VIEW], 0),
    followed: await serving.follow([VIEW], [null, null, start, null]),
    records: await serving.records([USER, { partition: P, userKey: 'stranger' }, { partition: 1, userKey: 'x' }], 1_000),
    conversion: await serving.findConversions('c1'),
    dead: await serving.deadLetters.page(10),
    outbox: await outbox.read(P, 10),
  };
}

async function written(namespace: string): Promise<OutboxUnderTest> {
  const store = await stores.make(namespace);
  const parked = [{ at: 'p1.0', code: 'invalid_json', message: 'no', raw: '{' }];
  const conversions = new Map([['c1', 'Björk']]);
  await store.speed.commit(commitOf(null, 'p1', { pending: 1, conversions, parked, outputs: ['a', 'b'] }));
  const barrier = commitOf('p1', 'p2', { deltasGeneration: 0 });
  await store.speed.commit({ ...barrier, next: { ...barrier.next, generation: 1 } });
  await store.speed.commit(commitOf('p2', 'p3', { deltasGeneration: 1, pending: 2 }));
  return store;
}

test('law 7: wherever each key of a partition lies during a move, every answer is whole', async () => {
  const store = await written('whole');
  const before = await all(store);
  expect(before.deltas[P]).toMatchObject({
    pending: 3,
    rows: new Map([
      [VIEW, new Map([['2026-03-01\tbuy\tEUR', [3, 750]]])],
      ['activity', new Map()],
    ]),
  });
  const move = await stores.cluster.beginMove(`whole:{${P}}:state`);
  expect(await all(store)).toEqual(before);
  const keys = (await move.left()).filter((key) => key.startsWith('whole:')).sort();
  expect(keys.length).toBeGreaterThanOrEqual(8);
  for (const key of keys) {
    await move.move([key]);
    expect(await all(store), `after ${key} moved`).toEqual(before);
  }
  await move.finish();
  expect(await all(store)).toEqual(before);
});

test('laws 3 and 7: a commit whose keys lie on two nodes is refused whole, and taken when they are together again', async () => {
  const store = await written('together');
  const before = await all(store);
  for (const first of ['state', 'u:Björk', 'd:1:conversions', 'feed']) {
    const move = await stores.cluster.beginMove(`together:{${P}}:state`);
    await move.move([`together:{${P}}:${first}`]);
    const next = commitOf('p3', 'p4', {
      deltasGeneration: 1,
      appends: new Map([
        ['Björk', 'x\n'],
        ['new', 'y\n'],
      ]),
    });
    await expect(store.speed.commit(next), `${first} moved`).rejects.toMatchObject({
      code: 'store_unavailable',
      message: /TRYAGAIN/,
    });
    await expect(store.speed.loadRecords(P, ['Björk', 'new'], 1e6)).rejects.toMatchObject({ code: 'store_unavailable' });
    await move.finish();
    expect(await all(store)).toEqual(before);
  }
  await store.serving.retireDeltas(1);
  const next = commitOf('p3', 'p4', { deltasGeneration: 1, appends: new Map([['Björk', 'x\n']]) });
  expect(await store.speed.commit(next)).toBe('committed');
  expect(String((await store.serving.records([USER], 1_000))[0])).toBe('{"at":"p1"}\n{"at":"p2"}\n{"at":"p3"}\nx\n');
});

test('generations are retired also while their slot moves', async () => {
  const store = await written('retired');
  const move = await stores.cluster.beginMove(`retired:{${P}}:state`);
  await move.move([`retired:{${P}}:d:0:conversions`]);
  await store.serving.retireDeltas(1);
  await expect(store.serving.deltas([VIEW], 0)).rejects.toThrow(/gone/);
  expect((await store.serving.deltas([VIEW], 1))[P]?.rows.get(VIEW)).toEqual(new Map([['2026-03-01\tbuy\tEUR', [1, 250]]]));
  await move.finish();
  const { admin } = await stores.cluster.masterOf(`retired:{${P}}:state`);
  expect((await admin.keys('retired:*:?:0*')).sort()).toEqual([]);
});

test('the trap that this guards against: scripts that name their first key only find the others missing', async () => {
  await written('trap');
  const redis = connectRedis(stores.cluster.url, 'commit', () => {});
  try {
    await whenReady(redis, 10_000);
    // The stores as they are on a single Redis.
    const single = new Proxy(redis, { get: (of, name) => (name === 'isCluster' ? false : Reflect.get(of, name)) }) as Redis;
    const speed = createSpeedStore(single, 'trap');
    const serving = createServingStore(single, 'trap', HISTORY_PARTITIONS, VIEWS);
    const move = await stores.cluster.beginMove(`trap:{${P}}:state`);
    await move.move([`trap:{${P}}:state`]);
    expect((await serving.deltas([VIEW], 0))[P]?.rows.get(VIEW), 'a silent hole').toEqual(new Map());
    expect(await speed.commit(commitOf('p3', 'p4', { deltasGeneration: 1 }))).toBe('committed');
    expect(await speed.loadRecords(P, ['Björk'], 1e6), 'a record begun again').toMatchObject({ records: ['{"at":"p4"}\n'] });
    await expect(move.finish(), 'two keys of one name').rejects.toThrow(/BUSYKEY/);
    for (const key of ['u:Björk', 'd:1:conversions', 'feed'])
      await Promise.all([move.to.admin.asking(), move.to.admin.del(`trap:{${P}}:${key}`)]);
    await move.finish();
  } finally {
    redis.disconnect();
  }
});

test('laws 1, 3 and 7: slots move under load while a worker commits and readers read: nothing lost, doubled or smaller', async () => {
  const namespace = 'moving';
  const { speed, serving } = await stores.make(namespace, RIG_PARTITIONS);
  rig = startRig({ speed, serving, seed: 1 });
  const { looks } = rig;
  await sleep(500);
  for (const partition of [P, 0, P]) {
    const move = await stores.cluster.beginMove(`${namespace}:{${partition}}:state`);
    const before = { deltas: looks.answered, records: looks.records.answered };
    // In random order: what hangs on the state goes before it, or after.
    for (const key of (await move.left()).sort(() => Math.random() - 0.5)) {
      await move.move([key]);
      await sleep(1);
    }
    // However busy the machine is, both kinds of readers are answered before the move ends.
    await expect.poll(() => looks.answered - before.deltas).toBeGreaterThan(10);
    await expect.poll(() => looks.records.answered - before.records).toBeGreaterThan(10);
    await move.finish();
    await sleep(300);
  }
  await rig.settle();
  expect([...rig.refusals], 'no reader is refused because of a move').toEqual([]);
  expect(rig.resets.length, 'commits met the move').toBeGreaterThan(0);
  expect(rig.resets.filter((why) => !why.includes('TRYAGAIN'))).toEqual([]);
});
