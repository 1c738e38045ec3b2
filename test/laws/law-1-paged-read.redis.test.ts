/** Law 1 of deltas that are read in pages, on a real Redis: whatever happens between two pages, all of it is of one commit. */
import { readFileSync } from 'node:fs';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createPartitionReads } from '@tributary/store/deltas/partition-reads';
import { READ_BOUNDS } from '@tributary/store/deltas/read-bounds';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import type { FeedCursor, WholePartition } from '@tributary/store/serving-store';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { commitOf, P, VIEW } from '@tributary/testkit/contracts/store-under-test';
import { VIEWS } from '@tributary/views/registry';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ContractStore, type RedisStores, startRedisStores } from '../contract/stores.ts';

let stores: RedisStores;
let redis: Redis;
beforeAll(async () => {
  stores = await startRedisStores();
  redis = connectRedis(stores.server.url, 'serving', () => {});
  await whenReady(redis, 5_000);
});
beforeEach(async () => {
  // A small hash is stored as a list otherwise, of which a scan gives all rows at once.
  await redis.config('SET', 'hash-max-listpack-entries', '1');
});
afterAll(async () => {
  redis?.disconnect();
  await stores?.stop();
});

/** The deltas as of one moment, in one reply. */
const ALL = Number.MAX_SAFE_INTEGER;
const AT_ONCE = { pageRows: 1_000, pageBytes: ALL, mostAtOnce: ALL, bytesAtOnce: ALL };
const IN_PAGES = { ...READ_BOUNDS, pageRows: 3, mostAtOnce: 5 };

/** Reads with something done before each script. */
function readerThat(before: () => Promise<void>, namespace: string, bounds = IN_PAGES) {
  const watched = new Proxy(redis, {
    get(of, name) {
      const command = Reflect.get(of, name);
      if (name !== 'tributaryReadPageBuffer' && name !== 'tributaryReadDeltasBuffer') return command;
      return async (...args: unknown[]) => {
        await before();
        return command.apply(of, args);
      };
    },
  });
  return createServingStore(watched, namespace, HISTORY_PARTITIONS, VIEWS, { bounds });
}

type Event =
  | { readonly kind: 'commit'; readonly rows: readonly { readonly key: number; readonly amount: number }[] }
  | { readonly kind: 'large commit' | 'barrier' | 'retire' | 'checkpoint' | 'lose' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      rows: fc.array(fc.record({ key: fc.nat(40), amount: fc.integer({ min: -1, max: 2 }) }), { maxLength: 6 }),
    }),
  },
  ...(['large commit', 'barrier', 'retire', 'checkpoint', 'lose'] as const).map((kind) => ({
    weight: 1,
    arbitrary: fc.constant({ kind }),
  })),
);

/** A read begins three times at most: a store that loses what it had three times meanwhile is refused, as it should be. */
function losingTwice(during: readonly (readonly Event[])[]): Event[][] {
  let lost = 0;
  return during.map((events) => events.filter(({ kind }) => kind !== 'lose' || ++lost <= 2));
}

function player({ speed, serving, checkpoint }: ContractStore) {
  let made = 0;
  let lose: (() => Promise<void>) | null = null;
  return async (one: Event): Promise<void> => {
    if (one.kind === 'checkpoint') lose = await checkpoint(P);
    if (one.kind === 'lose') await lose?.();
    const before = await speed.loadState(P);
    const generation = before?.generation ?? 0;
    if (one.kind === 'retire') await serving.retireDeltas(generation);
    if (one.kind !== 'commit' && one.kind !== 'large commit' && one.kind !== 'barrier') return;
    const rows = new Map<string, number[]>();
    // Longer than the feed takes from a commit, without a reader of pages.
    const filler = 'x'.repeat(one.kind === 'large commit' ? 50_000 : 0);
    for (const { key, amount } of one.kind === 'commit' ? one.rows : []) rows.set(`2026-03-01\tkey ${key}\tEUR`, [amount, 1]);
    if (one.kind === 'large commit') rows.set(`2026-03-01\tlarge ${filler}\tEUR`, [1, 1]);
    const number = ++made;
    await speed.commit({
      ...commitOf(before?.position ?? null, String(number).padStart(6, '0')),
      expectedCommit: before?.commitId ?? '',
      id: `commit ${number}`,
      next: {
        position: String(number).padStart(6, '0'),
        logIdentity: 'log-1',
        logTimeMs: number,
        generation: one.kind === 'barrier' ? generation + 1 : generation,
        definitions: '{}',
      },
      deltas: new Map([[VIEW, rows]]),
      deltasGeneration: generation,
      pending: number % 2,
    });
  };
}

test.each([
  ['tables, by rows', 1, IN_PAGES],
  ['tables, by bytes', 1, { ...IN_PAGES, pageRows: 100, pageBytes: 70 }],
  // A scan gives all rows of a list at once.
  ['lists, by bytes', 512, { ...IN_PAGES, pageBytes: 70 }],
])(
  'law 1: whatever is committed, retired or lost between any two pages, what is read is all of one commit (%s)',
  async (_form, inList, bounds) => {
    await redis.config('SET', 'hash-max-listpack-entries', String(inList));
    let [inPages, retired] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 10, maxLength: 20 }),
        fc.array(fc.array(event, { maxLength: 2 }), { minLength: 1, maxLength: 30 }).map(losingTwice),
        fc.nat(2),
        async (first, during, from) => {
          const namespace = `paged-${Math.random()}`;
          const store = await stores.make(namespace, AT_ONCE);
          const play = player(store);
          const moments = new Map<string, WholePartition>();
          const note = async () => {
            const [whole] = await store.serving.readWhole([P], [VIEW], from).catch(() => []);
            if (whole !== undefined) moments.set(whole.cursor.commitId, whole);
          };
          for (const one of first) await play(one);
          await note();
          const left = during.values();
          let calls = 0;
          const reader = readerThat(
            async () => {
              calls++;
              for (const one of left.next().value ?? []) await play(one);
              await note();
            },
            namespace,
            bounds,
          );
          try {
            const [whole] = await reader.readWhole([P], [VIEW], from);
            expect(whole).toEqual(moments.get(whole?.cursor.commitId ?? 'none'));
            if (calls > 1) inPages++;
          } catch (error) {
            if ((error as { code?: string }).code !== 'deltas_retired') throw error;
            await expect(store.serving.readWhole([P], [VIEW], from)).rejects.toMatchObject({ code: 'deltas_retired' });
            retired++;
          }
        },
      ),
      { numRuns: 120 },
    );
    expect(inPages).toBeGreaterThan(25);
    expect(retired).toBeGreaterThan(0);
  },
);

test('law 7: a worker that catches up by large commits does not keep who reads in pages from an answer', async () => {
  const namespace = 'catching-up';
  const store = await stores.make(namespace, AT_ONCE);
  const play = player(store);
  for (let key = 0; key < 30; key++) await play({ kind: 'commit', rows: [{ key, amount: 1 }] });
  const reader = readerThat(() => play({ kind: 'large commit' }), namespace);
  const [whole] = await reader.readWhole([P], [VIEW], 0);
  expect(whole).toEqual((await store.serving.readWhole([P], [VIEW], 0))[0]);
});

test('law 7: Redis that is killed between two pages is an error, and the next read is whole', async () => {
  const namespace = 'killed';
  const store = await stores.make(namespace, AT_ONCE);
  const play = player(store);
  for (let key = 0; key < 30; key++) await play({ kind: 'commit', rows: [{ key, amount: 1 }] });
  let calls = 0;
  const reader = readerThat(async () => {
    if (++calls !== 4) return;
    await stores.server.kill();
  }, namespace);
  await expect(reader.readWhole([P], [VIEW], 0)).rejects.toMatchObject({ code: 'store_unavailable' });
  await stores.server.restart();
  await stores.ready();
  await whenReady(redis, 10_000);
  expect(await reader.readWhole([P], [VIEW], 0)).toEqual(await store.serving.readWhole([P], [VIEW], 0));
});

test('law 7: rows that come with every commit do not keep who reads in pages from an answer', async () => {
  const namespace = 'new-rows';
  const store = await stores.make(namespace, AT_ONCE);
  const play = player(store);
  for (let key = 0; key < 30; key++) await play({ kind: 'commit', rows: [{ key, amount: 1 }] });
  let calls = 0;
  const reader = readerThat(async () => {
    if (++calls > 200) throw new Error('a read must end (got 200 replies)');
    await play({ kind: 'commit', rows: [{ key: 100 + calls, amount: 1 }] });
  }, namespace);
  const [whole] = await reader.readWhole([P], [VIEW], 0);
  expect(whole).toEqual((await store.serving.readWhole([P], [VIEW], 0))[0]);
});

test('law 7: a read in pages that takes longer than the key says is still known to those who commit', async () => {
  const namespace = 'long-read';
  const store = await stores.make(namespace, AT_ONCE);
  const play = player(store);
  for (let key = 0; key < 30; key++) await play({ kind: 'commit', rows: [{ key, amount: 1 }] });
  const reading = `${namespace}:{${P}}:reading`;
  const lives: number[] = [];
  const reader = readerThat(async () => {
    lives.push(await redis.pttl(reading));
    // Most of its time is over, and no other reader renews it.
    if (lives.length > 1) await redis.pexpire(reading, 4_000);
    await play({ kind: 'large commit' });
  }, namespace);
  const [whole] = await reader.readWhole([P], [VIEW], 0);
  expect(whole).toEqual((await store.serving.readWhole([P], [VIEW], 0))[0]);
  expect(lives.length).toBeGreaterThan(4);
  for (const life of lives.slice(1)) expect(life).toBeGreaterThan(5_000);
});

test('law 7: who follows gets at most 1 MiB of a partition, whatever the feed keeps for pages', async () => {
  const namespace = 'far-behind';
  const store = await stores.make(namespace, AT_ONCE);
  const play = player(store);
  await redis.set(`${namespace}:{${P}}:reading`, 1);
  const cursors: FeedCursor[] = [];
  for (let number = 0; number < 30; number++) {
    await play({ kind: 'large commit' });
    cursors.push({ commitId: `commit ${number + 1}`, commits: number + 1 });
  }
  const since = async (cursor: FeedCursor | undefined) =>
    (await store.serving.follow([VIEW], new Array(HISTORY_PARTITIONS).fill(null).with(P, cursor ?? null)))[P]?.commits;
  expect(await redis.llen(`${namespace}:{${P}}:feed`)).toBe(30);
  expect(await since(cursors[0])).toBe('gap');
  const some = await since(cursors[14]);
  expect(some === 'gap' ? some : some?.map(({ id }) => id)).toEqual(cursors.slice(15).map(({ commitId }) => commitId));
});

test('law 7: of a feed that is too short nothing is read', async () => {
  const namespace = 'too-short';
  const store = await stores.make(namespace, AT_ONCE);
  const play = player(store);
  const prefix = `${namespace}:{${P}}:`;
  for (let key = 0; key < 10; key++) await play({ kind: 'commit', rows: [{ key, amount: 1 }] });
  await redis.ltrim(`${prefix}feed`, -3, -1);
  await redis.config('RESETSTAT');
  const since = { commitId: 'commit 2', commits: 2 };
  const reads = createPartitionReads(redis);
  expect(await reads.feedSince(prefix, since)).toMatchObject({ same: false, entries: [] });
  expect(
    (await reads.page(prefix, { generation: 0, view: VIEW, which: { place: '0', rows: 3, bytes: 1_000 }, since })).entries,
  ).toBe(null);
  const asked = { views: [VIEW], from: 0, before: undefined, mostRows: -1, mostBytes: 0, since };
  expect((await reads.hashes(prefix, asked)).entries).toBe(null);
  expect(await redis.info('commandstats')).not.toContain('cmdstat_lrange');
});

test('law 7: the rights that the API and the jobs have in Redis reach every key that a read names', async () => {
  const users = readFileSync(new URL('../../infra/docker/redis-users.acl', import.meta.url), 'utf8');
  const named = ['state', 'feed', 'reading', 'n:0', `d:0:${VIEW}`].map((name) => `tributary:{${P}}:${name}`);
  for (const name of ['api', 'recompute']) {
    const rules = users.match(new RegExp(`^user ${name} (.*)$`, 'm'))?.[1]?.split(' ') ?? [];
    await redis.call('ACL', 'SETUSER', name, 'reset', ...rules);
    expect(await redis.call('ACL', 'DRYRUN', name, 'EVALSHA', 'a script', String(named.length), ...named)).toBe('OK');
    expect(await redis.call('ACL', 'DRYRUN', name, 'SET', `tributary:{${P}}:reading`, '1')).toBe('OK');
  }
});

test('law 7: the feed holds 1 MiB of a partition, and 8 while somebody reads in pages', async () => {
  const namespace = 'bytes-of-the-feed';
  const play = player(await stores.make(namespace, AT_ONCE));
  const prefix = `${namespace}:{${P}}:`;
  const bytes = async () => (await redis.lrange(`${prefix}feed`, 0, -1)).reduce((sum, entry) => sum + entry.length, 0);
  await redis.set(`${prefix}reading`, 1);
  for (let number = 0; number < 180; number++) await play({ kind: 'large commit' });
  expect(await bytes()).toBeGreaterThan(7 * 1_048_576);
  expect(await bytes()).toBeLessThanOrEqual(8 * 1_048_576);
  await redis.del(`${prefix}reading`);
  await play({ kind: 'commit', rows: [{ key: 1, amount: 1 }] });
  expect(await bytes()).toBeGreaterThan(900_000);
  expect(await bytes()).toBeLessThanOrEqual(1_048_576);
});

test('law 7: where Redis takes no writes, many deltas are read all the same', async () => {
  const namespace = 'no-writes';
  const store = await stores.make(namespace, AT_ONCE);
  const play = player(store);
  for (let key = 0; key < 30; key++) await play({ kind: 'commit', rows: [{ key, amount: 1 }] });
  const reader = readerThat(async () => undefined, namespace);
  await redis.config('SET', 'min-replicas-to-write', '1');
  try {
    await expect(redis.set('any', 1)).rejects.toThrow(/NOREPLICAS/);
    expect(await reader.readWhole([P], [VIEW], 0)).toEqual(await store.serving.readWhole([P], [VIEW], 0));
  } finally {
    await redis.config('SET', 'min-replicas-to-write', '0');
  }
});
