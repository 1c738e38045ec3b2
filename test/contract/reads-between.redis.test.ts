/** Records between two looks at what is in flight between keys, in one packet: in which order Redis does what was sent, and that all looks and records are there. */
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import type { OnRecords } from '@tributary/store/serving-store';
import { commitOf, P } from '@tributary/testkit/contracts/store-under-test';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const PARTITIONS = 4;
const ADA = { partition: P, userKey: 'ada' };
const BOB = { partition: P, userKey: 'bob' };

test('law 7: records are read behind the first look at what is in flight and before the last one, of one user in one round trip', async () => {
  const connect = async (kind: 'commit' | 'serving' | 'bulk') => {
    const redis = connectRedis(server.url, kind, () => {});
    await whenReady(redis, 5_000);
    return redis;
  };
  const [commits, reads, bulk] = await Promise.all([connect('commit'), connect('serving'), connect('bulk')]);
  const watching = await commits.monitor();
  try {
    const speed = createSpeedStore(commits, 'between');
    const serving = createServingStore(reads, 'between', PARTITIONS, VIEWS, { bulk });
    const relayed = { sent: ['', '1.2'], applied: ['', '3.4'] };
    const first = commitOf(null, 'p1', {
      appends: new Map([
        ['ada', 'a'.repeat(100)],
        ['bob', 'b'.repeat(2_000_000)],
      ]),
    });
    await speed.commit({ ...first, next: { ...first.next, relayed } });
    const looks = await serving.relayed();
    expect(looks[P]).toEqual({ position: 'p1', logTimeMs: first.next.logTimeMs, relayed });
    const done: string[] = [];
    let reported = 0;
    watching.on('monitor', (_at: string, [name = '', ...args]: string[]) => {
      if (name === 'echo') reported++;
      else if (args.includes('relayed')) done.push('look');
      else if (args.some((arg) => arg.startsWith('between')) && name !== 'tributaryRecordLengths') done.push(name.toLowerCase());
    });
    let asked = 0;
    /** Commands are reported in the order in which they were done, but later than they are answered. */
    const untilAllAreReported = async () => {
      await commits.echo('reported');
      asked++;
      await expect.poll(() => reported, { timeout: 20_000 }).toBe(asked);
    };
    /** What a read gives, and the commands that Redis did for it, the same ones in a row once. */
    const read = async (users: readonly (typeof ADA)[], maxBytes: number, onRecords?: OnRecords) => {
      await untilAllAreReported();
      done.length = 0;
      const found = await serving.recordsBetween?.(users, maxBytes, onRecords);
      await untilAllAreReported();
      expect(done.filter((name) => name === 'look')).toHaveLength(2 * PARTITIONS);
      expect([found?.before, found?.after]).toEqual([looks, looks]);
      const lengths = found?.records.map((record) => (Buffer.isBuffer(record) ? record.length : record));
      return { lengths, done: done.filter((name, i) => name !== done[i - 1]) };
    };
    expect(await read([ADA], 1_000)).toEqual({ lengths: [100], done: ['look', 'getrange', 'look'] });
    // Its size is asked for once it has turned out to be too long.
    expect(await read([BOB], 1_000)).toEqual({ lengths: [2_000_000], done: ['look', 'getrange', 'look', 'strlen'] });
    expect((await read([BOB], 4_000_000)).done).toEqual(['look', 'getrange', 'look']);
    const both = await read([ADA, BOB], 1_000);
    expect(both.lengths).toEqual([100, 2_000_000]);
    expect([both.done[0], both.done.at(-2), both.done.at(-1)]).toEqual(['look', 'mget', 'look']);
    expect((await read([ADA], 1_000, { position: () => {}, kept: () => {} })).done.at(-1)).toBe('look');
    // What records lack is asked for once they are, without a look.
    for (const users of [[ADA], [ADA, { ...BOB, userKey: 'cid' }]]) {
      await untilAllAreReported();
      done.length = 0;
      const kept: unknown[] = [];
      await serving.records(users, 1_000, { kept: (partition, one) => kept.push([partition, one]) });
      await untilAllAreReported();
      expect(kept).toEqual([[P, { logTimeMs: first.next.logTimeMs }]]);
      expect(done.slice(-2)).toEqual([users.length === 1 ? 'getrange' : 'mget', 'hmget']);
    }
  } finally {
    for (const redis of [watching, commits, reads, bulk]) redis.disconnect();
  }
});
