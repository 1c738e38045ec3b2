/** Redis keeps bytes of dropped entries of a stream beside later ones: not where the log is trimmed up to a barrier, and who asks is given the truth. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { idOf } from '@tributary/log/redis-stream/layout';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { rewriteRedisFiles } from '@tributary/runtime/redis/rewrite-files';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { type DeadLetterId, parseDeadLetterId } from '@tributary/store/dead-letters';
import { deadLettersKey } from '@tributary/store/format/keys';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { commitOf, P } from '@tributary/testkit/contracts/store-under-test';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MARKER = 'somebody@example.org';
let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

test('law 9: no byte is left from before a barrier up to which the log is trimmed, and before that it does not say so', async () => {
  const redis = connectRedis(server.url, 'queue', () => {});
  const connections = {
    commands: connectRedis(server.url, 'commit', () => {}),
    blocking: connectRedis(server.url, 'blocking', () => {}),
  };
  const log = await openRedisStreamLog({ ...connections, namespace: 'bytes', partitions: 2, now: Date.now });
  const stored = async () => (await redis.dumpBuffer('bytes:{0}:log'))?.includes(MARKER);
  try {
    const append = (body: string, kind: 'events' | 'barrier' = 'events') => log.append(0, { kind, body });
    await append('a');
    const last = await append(MARKER);
    const barrier = await append('{"generation":1}', 'barrier');
    const other = await log.append(1, { kind: 'barrier', body: '{"generation":1}' });
    await append('b');
    const cut = [barrier, other];
    expect(await log.hasDropped?.(cut)).toBe(false);
    await log.trim(1, other);
    // It was killed between the declaration and the drop.
    await redis.set('bytes:{0}:log:trimmed', idOf(barrier));
    expect(await log.hasDropped?.(cut)).toBe(false);
    await redis.del('bytes:{0}:log:trimmed');
    await log.trim(0, last);
    expect(await log.hasDropped?.(cut)).toBe(false);
    await log.trim(0, barrier);
    expect(await log.hasDropped?.(cut)).toBe(true);
    expect(await stored()).toBe(false);
    const left = await log.read(new Map([[0, barrier]]), { maxEntries: 10, waitMs: 0 });
    expect(left.map(({ body }) => body)).toEqual(['b']);
    // What this test looks for is in the bytes of a node whose other entries are still there.
    await append(MARKER);
    await append('c');
    expect(await stored()).toBe(true);
    const [, planted] = await log.read(new Map([[0, barrier]]), { maxEntries: 10, waitMs: 0 });
    await log.trim(0, planted?.position ?? '');
    expect(await stored()).toBe(true);
  } finally {
    await log.close();
    redis.disconnect();
  }
});

test('law 9: no byte is left of dead letters that are gone, and those that are left are as they were', async () => {
  const redis = connectRedis(server.url, 'commit', () => {});
  const { deadLetters } = createServingStore(redis, 'letters', P + 1, VIEWS);
  const stored = async () => (await redis.dumpBuffer(deadLettersKey('letters', P)))?.includes(MARKER);
  try {
    await whenReady(redis, 60_000);
    const raws = ['a', MARKER, 'b', `${MARKER} again`, 'c', `newest ${MARKER}`];
    const commit = commitOf(null, 'p1', { parked: raws.map((raw) => ({ at: 'p1.0', code: 'no', message: 'no', raw })) });
    const speed = createSpeedStore(redis, 'letters');
    expect(await speed.commit({ ...commit, next: { ...commit.next, generation: 1 } })).toBe('committed');
    const { letters } = await deadLetters.page(10);
    const others = letters.filter(({ raw }) => !raw.includes(MARKER));
    expect(others).toHaveLength(3);
    expect(await deadLetters.forget(1, ({ raw }) => raw === MARKER || raw.startsWith('newest'))).toBe(2);
    // Somebody dropped the last one, which leaves its bytes.
    expect(
      await deadLetters.remove(
        parseDeadLetterId(letters.find(({ raw }) => raw.endsWith('again'))?.id ?? '', P + 1) as DeadLetterId,
      ),
    ).toBe(true);
    expect(await stored()).toBe(true);
    expect(await deadLetters.forget(1, () => false)).toBe(0);
    expect(await stored()).toBe(false);
    expect((await deadLetters.page(10)).letters).toEqual(others);
    expect(await redis.keys('letters:*:kept')).toEqual([]);
    // No id is given twice.
    const [, id] = /^\d+-(.*)$/.exec(letters[0]?.id ?? '') ?? [];
    await expect(redis.xadd(deadLettersKey('letters', P), id as string, 'raw', 'x')).rejects.toThrow('equal or smaller');
  } finally {
    redis.disconnect();
  }
});

test('a barrier is read as it was written', async () => {
  const connections = {
    commands: connectRedis(server.url, 'commit', () => {}),
    blocking: connectRedis(server.url, 'blocking', () => {}),
  };
  const log = await openRedisStreamLog({ ...connections, namespace: 'barriers', partitions: 1, now: Date.now });
  try {
    for (const body of ['{"generation":1}', JSON.stringify({ generation: 2, note: 'é'.repeat(5_000) })])
      await log.append(0, { kind: 'barrier', body });
    const entries = await log.read(new Map([[0, null]]), { maxEntries: 10, waitMs: 0 });
    expect(entries.map(({ body }) => body.length)).toEqual([16, 5_026]);
  } finally {
    await log.close();
  }
});

test('law 9: a Redis that cannot write its files again does not pass for one that has', async () => {
  const redis = connectRedis(server.url, 'queue', () => {});
  try {
    await redis.set('some', 'value');
    await rewriteRedisFiles(redis);
    // The file is there, whole, when it resolves.
    expect(await redis.info('persistence')).toContain('aof_rewrite_in_progress:0');
    const folder = join(server.dir, 'appendonlydir');
    const [base] = (await readdir(folder)).filter((name) => name.endsWith('.base.rdb'));
    const number = Number(/aof\.(\d+)\./.exec(base ?? '')?.[1]);
    // Something stands where the next one would lie.
    await mkdir(join(folder, `appendonly.aof.${number + 1}.base.rdb`, 'any'), { recursive: true });
    await expect(rewriteRedisFiles(redis)).rejects.toThrow('could not write its append-only file again');
  } finally {
    redis.disconnect();
  }
});
