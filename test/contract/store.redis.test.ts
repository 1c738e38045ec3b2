import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { READ_BOUNDS } from '@tributary/store/deltas/read-bounds';
import { BUNDLES_BYTES } from '@tributary/store/format/bounds';
import { parseFeedEntry } from '@tributary/store/format/feed';
import { partitionPrefix } from '@tributary/store/format/keys';
import type { OutboxLines } from '@tributary/store/outbox';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { describeErasureContract } from '@tributary/testkit/contracts/erasure-contract';
import { describeFeedContract } from '@tributary/testkit/contracts/feed-contract';
import { describeMembersContract } from '@tributary/testkit/contracts/members-contract';
import { describeOutboxContract } from '@tributary/testkit/contracts/outbox-contract';
import { describeRetirementContract, passBarrier, passBarriers } from '@tributary/testkit/contracts/retirement-contract';
import { describeStoreContract } from '@tributary/testkit/contracts/store-contract';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { commitOf, P, rows, VIEW } from '@tributary/testkit/contracts/store-under-test';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { EARLIER_VIEWS } from '@tributary/views/earlier-views';
import { PartedRows } from '@tributary/views/parted-rows';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisStores, startRedisStores } from './stores.ts';

let stores: RedisStores;
beforeAll(async () => {
  stores = await startRedisStores();
});
afterAll(() => stores?.stop());

describeStoreContract('Redis', () => stores.make());
describeFeedContract('Redis', () => stores.make());
describeOutboxContract('Redis', () => stores.make());
describeErasureContract('Redis', () => stores.make());
describeMembersContract('Redis', () => stores.make());
describeRetirementContract('Redis', () => stores.make());

test('law 7: a walk over users meets each, though Redis is started again within it', async () => {
  const own = await startRedisStores();
  try {
    const { speed } = await own.make();
    const users = Array.from({ length: 5_000 }, (_, i) => `user ${i}`);
    await speed.commit(commitOf(null, 'p1', { appends: new Map(users.map((user) => [user, '{}\n'])) }));
    const found = new Set<string>();
    for (let cursor: string | null = null, step = 0; step === 0 || cursor !== null; step++) {
      const page: Awaited<ReturnType<typeof speed.scanUsers>> = await speed.scanUsers(P, cursor);
      for (const user of page.users) found.add(user);
      cursor = page.cursor;
      if (step === 1) {
        await own.server.restart();
        await own.ready();
      }
    }
    expect([...found].sort()).toEqual(users.sort());
  } finally {
    await own.stop();
  }
});

test('law 7: a commit and records that Redis refuses keep no other partition back, in whatever order they are', async () => {
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  try {
    await whenReady(redis, 5_000);
    for (const refused of [0, 1, 2]) {
      const namespace = `refused-${refused}`;
      const { speed } = await stores.make(namespace);
      await redis.hset(`${partitionPrefix(namespace, refused)}u:Björk`, 'no', 'record');
      const partitions = [0, 1, 2];
      const committed = await Promise.allSettled(
        partitions.map((partition) => speed.commit({ ...commitOf(null, 'p1'), partition })),
      );
      expect(committed.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual(
        ['committed', 'committed', 'committed'].with(refused, 'store_refused'),
      );
      expect(committed[refused]).toMatchObject({ reason: { message: expect.stringContaining('refused the commit: WRONGTYPE') } });
      const read = await Promise.allSettled(partitions.map((partition) => speed.loadRecords(partition, ['Björk'], 1e6)));
      expect(read.map((one) => (one.status === 'fulfilled' ? one.value.records[0] : one.reason.code))).toEqual(
        ['{"at":"p1"}\n', '{"at":"p1"}\n', '{"at":"p1"}\n'].with(refused, 'store_unavailable'),
      );
    }
  } finally {
    redis.disconnect();
  }
});

test('law 7: the feed counts the bytes that it holds, whatever has gone from it', async () => {
  const { speed } = await stores.make('feed-bytes');
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  const prefix = partitionPrefix('feed-bytes', P);
  try {
    await whenReady(redis, 5_000);
    const held = async () => {
      const entries = await redis.lrange(`${prefix}feed`, 0, -1);
      expect(await redis.hget(`${prefix}state`, 'feedBytes')).toBe(`${entries.reduce((sum, entry) => sum + entry.length, 0)}`);
      return entries.length;
    };
    let position: string | null = null;
    const commit = async (number: number, key: string) => {
      const own = commitOf(position, `p${1_000 + number}`, { deltas: rows(key, [1, number]) });
      await speed.commit(own);
      position = own.next.position;
    };
    for (let number = 0; number < 540; number++) await commit(number, `row ${number % 7}`);
    expect(await held()).toBeGreaterThan(480);
    for (let number = 540; number < 600; number++) await commit(number, 'x'.repeat(number % 2 === 0 ? 39_000 : 10));
    expect(await held()).toBeLessThan(512);
    expect(await redis.lindex(`${prefix}feed`, -1)).toContain('commit of p1599');
  } finally {
    redis.disconnect();
  }
});

test('law 1: rows of a large commit are read as those of small ones, and go to the feed where somebody reads in pages', async () => {
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  const measures = [1, -1, 0, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53 - 1, 1 - 2 ** 53, -(2 ** 40), 2n ** 70n, -(2n ** 64n)];
  const heads = ['/', 'é€', '😀', '"\\/\u007f', 'x'.repeat(300)];
  const rowsOf = (round: number) => {
    const parts = new PartedRows(9, ['', '\tmove\t7']);
    for (let i = 0; i < 600; i++)
      parts.addParts(
        heads[i % 5] as string,
        `name ${i % 300}`,
        i % 2,
        Array.from({ length: 9 }, (_, m) => (i * m * round) % 2 ** 24),
        1,
      );
    const plain = new Map<string, (number | bigint)[]>();
    for (let i = 0; i < 1_300; i++)
      plain.set(`${heads[i % 5]}\t${i}`, [
        1 + (i % 7),
        measures[(i * round) % 11] as number,
        measures[(i + round) % 11] as number,
      ]);
    return new Map<string, Rows>([
      [VIEW, plain],
      ['parts', parts],
    ]);
  };
  try {
    await whenReady(redis, 5_000);
    const stored = async (name: string, most: number) => {
      const { speed, serving } = await stores.make(name, IN_PAGES);
      const prefix = partitionPrefix(name, P);
      if (name === 'read-in-pages') await redis.set(`${prefix}reading`, 1);
      let at = 0;
      for (const round of [1, 2, 3])
        for (const deltas of inParts(rowsOf(round), most)) {
          const commit = commitOf(at === 0 ? null : `p${1_000 + at}`, `p${1_001 + at}`, { deltas });
          expect(await speed.commit(commit)).toBe('committed');
          // A commit that is sent again has its rows, those in bundles too.
          expect(await speed.commit(commit)).toBe('already');
          at++;
        }
      const hash = await redis.hgetallBuffer(`${prefix}d:0:${VIEW}`);
      const written = Object.entries(hash).map(([key, value]) => `${key} ${value.toString('hex')}`);
      const fields = await redis.hlen(`${prefix}d:0:parts`);
      const fed = (await redis.lrange(`${prefix}feed`, 0, -1)).map((entry) => parseFeedEntry(entry, new Set([VIEW, 'parts'])));
      const [whole] = await serving.readWhole([P], ['parts'], 0);
      return { written: written.sort(), fed, fields, inParts: whole?.generations.get(0)?.rows.get('parts') };
    };
    const [small, large, read] = [await stored('small', 400), await stored('large', ALL), await stored('read-in-pages', ALL)];
    expect(small.written).toHaveLength(1_300);
    expect(small.inParts?.size).toBe(300);
    expect([small.fields, large.fields, read.fields]).toEqual([300, 3, 300]);
    expect(large.inParts).toEqual(small.inParts);
    expect(read.inParts).toEqual(small.inParts);
    expect(large.written).toEqual(small.written);
    expect(read.written).toEqual(small.written);
    expect(large.fed).toEqual([]);
    expect(read.fed.map((entry) => entry?.rows.get(VIEW)?.size)).toEqual([1_300, 1_300, 1_300]);
    expect(read.fed.map((entry) => new Map(entry?.rows.get('parts')))).toEqual(
      [1, 2, 3].map((r) => new Map(rowsOf(r).get('parts'))),
    );
  } finally {
    redis.disconnect();
  }
});

test('law 1: large commits that are under way side by side have their own rows, and leave their buffers to the next ones', async () => {
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  const partitions = [0, 1, 2];
  const keyOf = (partition: number, i: number) => `of ${partition}\t${i}`;
  try {
    await whenReady(redis, 5_000);
    const { speed } = await stores.make('side-by-side');
    for (const round of [1, 2, 3]) {
      const commits = partitions.map((partition) => {
        const deltas = new Map([
          [VIEW, new Map(Array.from({ length: 1_100 }, (_, i) => [keyOf(partition, i), [1 + partition, round, i]]))],
        ]);
        return { ...commitOf(round === 1 ? null : `p${round - 1}`, `p${round}`, { deltas }), partition };
      });
      const committed = await Promise.all(commits.map((commit) => speed.commit(commit)));
      expect(committed).toEqual(['committed', 'committed', 'committed']);
    }
    for (const partition of partitions) {
      const hash = await redis.hgetallBuffer(`${partitionPrefix('side-by-side', partition)}d:0:${VIEW}`);
      expect(Object.keys(hash)).toHaveLength(1_100);
      for (const i of [0, 1, 1_099]) {
        const row = hash[keyOf(partition, i)] as Buffer;
        expect([row.readInt32LE(1), row.readInt32LE(5), row.readInt32LE(9)]).toEqual([3 * (1 + partition), 6, 3 * i]);
      }
    }
  } finally {
    redis.disconnect();
  }
});

const ALL = Number.POSITIVE_INFINITY;
/** So that whole reads take several replies. */
const IN_PAGES = { ...READ_BOUNDS, pageRows: 2, mostAtOnce: 2 };

test('law 7: a generation has a bounded number of bytes of bundles, and rows after that; the next one has bundles again', async () => {
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  const rowsOf = (round: number) => {
    const parts = new PartedRows(1, ['']);
    for (let i = 0; i < 1_100; i++) parts.addParts('/', `${i}`, 0, [round], 1);
    return new Map<string, Rows>([[VIEW, parts]]);
  };
  try {
    await whenReady(redis, 5_000);
    const { speed, serving } = await stores.make('full-of-bundles');
    const prefix = partitionPrefix('full-of-bundles', P);
    const fields = () => Promise.all([0, 1].map((generation) => redis.hlen(`${prefix}d:${generation}:${VIEW}`)));
    const commit = (round: number, generation: number) =>
      speed.commit(
        commitOf(round === 1 ? null : `p${round - 1}`, `p${round}`, { deltas: rowsOf(round), deltasGeneration: generation }),
      );
    expect(await commit(1, 0)).toBe('committed');
    const bytes = await redis.hstrlen(`${prefix}d:0:${VIEW}`, '\tcommit of p1');
    expect(await redis.hget(`${prefix}n:0`, 'bundles')).toBe(`${bytes}`);
    await redis.hset(`${prefix}n:0`, 'bundles', BUNDLES_BYTES - bytes);
    expect(await commit(2, 0)).toBe('committed');
    expect(await fields()).toEqual([2, 0]);
    expect(await commit(3, 0)).toBe('committed');
    expect(await commit(4, 0)).toBe('committed');
    expect(await fields()).toEqual([1_102, 0]);
    expect(await redis.hget(`${prefix}n:0`, 'bundles')).toBe(`${BUNDLES_BYTES}`);
    expect(await commit(5, 1)).toBe('committed');
    expect(await fields()).toEqual([1_102, 1]);
    const [whole] = await serving.readWhole([P], [VIEW], 0);
    const sums = [...(whole?.generations.values() ?? [])].map((of) => new Set([...(of.rows.get(VIEW)?.values() ?? [])].flat()));
    expect(sums).toEqual([new Set([10]), new Set([5])]);
  } finally {
    redis.disconnect();
  }
});

/** The same rows in commits of at most as many rows; whole where they are fewer. */
function inParts(whole: RowsByView, most: number): RowsByView[] {
  if (most === ALL) return [whole];
  return [...whole].flatMap(([view, own]) => {
    const all = [...own];
    return Array.from(
      { length: Math.ceil(all.length / most) },
      (_, i) => new Map([[view, new Map(all.slice(i * most, (i + 1) * most))]]),
    );
  });
}

test('law 7: one answer of Redis has no more bytes of records than one partition may ask for', async () => {
  const { speed } = await stores.make('one-answer');
  for (const partition of [0, 1, 2])
    await speed.commit({ ...commitOf(null, 'p1', { appends: new Map([['Björk', 'x'.repeat(4_000)]]) }), partition });
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  try {
    await whenReady(redis, 5_000);
    const sizes: number[] = [];
    const watched = new Proxy(redis, {
      get(of, name) {
        const command = Reflect.get(of, name);
        if (name !== 'tributaryReadRecords') return command;
        return async (...args: unknown[]) => {
          const replies = (await command.apply(of, args)) as [0, [string, (string | number | null)[]]][];
          const records = replies.flatMap(([, [, own]]) => own.filter((record) => typeof record === 'string'));
          sizes.push(records.reduce((sum, record) => sum + record.length, 0));
          return replies;
        };
      },
    });
    const store = createSpeedStore(watched, 'one-answer');
    const read = (maxBytes: number) =>
      Promise.all([0, 1, 2].map((partition) => store.loadRecords(partition, ['Björk'], maxBytes)));
    for (const maxBytes of [10, 4_000, 8_100, 20_000])
      expect((await read(maxBytes)).map(({ records }) => records)).toEqual(new Array(3).fill(['x'.repeat(4_000)]));
    expect(sizes).toEqual([4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 8_000, 4_000, 12_000]);
  } finally {
    redis.disconnect();
  }
});

const range = (from: number, stop: number) => Array.from({ length: stop - from }, (_, i) => from + i);

/** Retires over a connection that does something before each command of retirement. */
async function retireWatched(namespace: string, keep: number, before: (command: string) => Promise<void>): Promise<void> {
  const redis = connectRedis(stores.server.url, 'serving', () => {});
  try {
    await whenReady(redis, 5_000);
    const watched = new Proxy(redis, {
      get(of, name) {
        const command = Reflect.get(of, name);
        if (name !== 'unlink' && name !== 'tributaryRetired') return command;
        return async (...args: unknown[]) => {
          await before(name);
          return command.apply(of, args);
        };
      },
    });
    await createServingStore(watched, namespace, HISTORY_PARTITIONS, VIEWS).retireDeltas(keep);
  } finally {
    redis.disconnect();
  }
}

test('law 7: a retirement that was cut short is ended by the next one', async () => {
  const store = await stores.make('cut-short');
  await passBarriers(store, 0, 40);
  let removals = 3;
  const failing = async (command: string) => {
    if (command === 'unlink' && removals-- <= 0) throw new Error('connection lost');
  };
  await expect(retireWatched('cut-short', 30, failing)).rejects.toThrow(/connection lost/);
  expect(await store.generationsKept(P)).toEqual(range(3, 40));
  await store.serving.retireDeltas(30);
  expect(await store.generationsKept(P)).toEqual(range(30, 40));
});

test.each(EARLIER_VIEWS)(
  'rows of the view "%s", which an earlier version had, are retired with their generation',
  async (view) => {
    const store = await stores.make(`earlier-${view}`);
    await passBarriers(store, 0, 40);
    const redis = connectRedis(stores.server.url, 'commit', () => {});
    try {
      await whenReady(redis, 5_000);
      const keys = [29, 30].map((generation) => `${partitionPrefix(`earlier-${view}`, P)}d:${generation}:${view}`);
      for (const key of keys) await redis.hset(key, 'some row', '1');
      await store.serving.retireDeltas(30);
      expect(await Promise.all(keys.map((key) => redis.exists(key)))).toEqual([0, 1]);
    } finally {
      redis.disconnect();
    }
  },
);

test('law 7: a retirement whose beginning the store lost before its end is done again', async () => {
  const store = await stores.make('lost-meanwhile');
  await passBarriers(store, 0, 40);
  const lose = await store.checkpoint(P);
  await retireWatched('lost-meanwhile', 30, async (command) => {
    if (command === 'tributaryRetired') await lose();
  });
  expect(await store.generationsKept(P)).toEqual(range(0, 40));
  await store.serving.retireDeltas(30);
  expect(await store.generationsKept(P)).toEqual(range(30, 40));
});

test('law 7: a retirement looks for what was kept until now, not for all that ever was', async () => {
  const store = await stores.make('once');
  await passBarriers(store, 0, 40);
  await store.serving.retireDeltas(30);
  await store.serving.retireDeltas(20);
  let removals = 0;
  await retireWatched('once', 32, async (command) => {
    if (command === 'unlink') removals++;
  });
  expect(removals).toBe(2);
});

test('law 7: of the steps over generations those alone stay that some reader may still come to', async () => {
  const store = await stores.make('steps');
  const [near, far] = [1_000, 3_000];
  await passBarriers(store, 0, 3);
  await passBarrier(store, 3, near);
  await passBarrier(store, near, far);
  const redis = connectRedis(stores.server.url, 'serving', () => {});
  try {
    await whenReady(redis, 5_000);
    const stepsAfter = async (keep: number) => {
      await store.serving.retireDeltas(keep);
      const fields = await redis.hkeys(`${partitionPrefix('steps', P)}state`);
      return fields.filter((field) => field.startsWith('gap:')).sort();
    };
    expect(await stepsAfter(near - 1)).toEqual(['gap:1000', 'gap:3']);
    expect(await stepsAfter(near)).toEqual(['gap:1000']);
    expect(await stepsAfter(far)).toEqual([]);
  } finally {
    redis.disconnect();
  }
});

test('law 7: of the dead letters of a partition the newest 10 000 or so are kept', async () => {
  const { speed, serving } = await stores.make();
  const parked = Array.from({ length: 12_000 }, (_, i) => ({ at: `p1.${i}`, code: 'invalid_json', message: 'no', raw: '{' }));
  expect(await speed.commit(commitOf(null, 'p1', { parked }))).toBe('committed');
  const kept = (await serving.deadLetters.page(40_000)).letters;
  expect(kept[0]?.at).toBe('p1.11999');
  expect(kept.length).toBeGreaterThanOrEqual(10_000);
  expect(kept.length).toBeLessThan(10_200);
});

test('law 3: a commit gives the messages that it left under the numbers that the outbox has for them', async () => {
  const namespace = 'given-messages';
  const { speed: reads, messages } = await stores.make(namespace);
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  const given: OutboxLines[] = [];
  try {
    await whenReady(redis, 5_000);
    const speed = createSpeedStore(redis, namespace, (_, lines) => given.push(lines));
    const first = commitOf(null, 'p1', { outputs: ['o'], messages: ['0', '1'] });
    expect(await speed.commit(first)).toBe('committed');
    expect(await speed.commit(first), 'without a number: what is left of them is not known').toBe('already');
    await messages.remove(P, 1);
    expect(await speed.commit(commitOf('p1', 'p2'))).toBe('committed');
    const many = Array.from({ length: 2_500 }, (_, i) => `${2 + i}`);
    expect(await speed.commit(commitOf('p2', 'p3', { messages: many }))).toBe('committed');
    await messages.remove(P, 2_502);
    expect(await speed.commit(commitOf('p3', 'p4', { messages: ['2502'] }))).toBe('committed');
    expect(given).toEqual([
      { from: 0, lines: ['0', '1'] },
      { from: 2, lines: many },
      { from: 2_502, lines: ['2502'] },
    ]);
    expect(await messages.read(P, 10)).toEqual({ from: 2_502, lines: ['2502'] });
    expect((await reads.loadState(P))?.position).toBe('p4');
  } finally {
    redis.disconnect();
  }
});
