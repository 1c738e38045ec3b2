import { setImmediate as turn } from 'node:timers/promises';
import { READ_BYTES } from '@tributary/archiver/fill';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import type { EventLog } from '@tributary/log/port';
import { BEHIND_ALL, idOf, positionOf } from '@tributary/log/redis-stream/layout';
import { openRedisStreamLog, type RedisStreamLogOptions } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { describeLogContract } from '@tributary/testkit/contracts/log-contract';
import { type CrashableLogFixture, describeLogCrashContract } from '@tributary/testkit/contracts/log-crash-contract';
import { eventually } from '@tributary/testkit/contracts/log-reading';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

let namespaces = 0;

async function openLog(namespace: string, partitions: number, more: Partial<RedisStreamLogOptions> = {}, url = server.url) {
  const commands = connectRedis(url, 'commit', () => {});
  const blocking = connectRedis(url, 'blocking', () => {});
  try {
    return await openRedisStreamLog({ commands, blocking, namespace, partitions, now: Date.now, ...more });
  } catch (error) {
    commands.disconnect();
    blocking.disconnect();
    throw error;
  }
}

async function withClient<T>(work: (redis: ReturnType<typeof connectRedis>) => Promise<T>): Promise<T> {
  const redis = connectRedis(server.url, 'queue', () => {});
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

async function makeLog(partitions: number): Promise<CrashableLogFixture> {
  namespaces += 1;
  const namespace = `contract${namespaces}`;
  const opened: EventLog[] = [];
  const open = async (count: number) => {
    const log = await openLog(namespace, count);
    opened.push(log);
    return log;
  };
  return {
    log: await open(partitions),
    reopen: (count = partitions) => open(count),
    recreate: () => withClient(async (redis) => void (await redis.del(await redis.keys(`${namespace}:*`)))),
    crash: () => server.restart(),
    async close() {
      for (const log of opened) await log.close();
    },
  };
}

describeLogContract('Redis Streams', makeLog);

it('law 7: an entry is dated by its position, so that a clock that was ahead can be seen', async () => {
  const log = await openLog('dated', 1);
  try {
    const position = await log.append(0, { kind: 'heartbeat', body: '' });
    // The clocks of Redis and of this process are those of one machine.
    expect(Math.abs((log.dateOf?.(position) ?? 0) - Date.now()), 'ms').toBeLessThan(60_000);
  } finally {
    await log.close();
  }
});
describeLogCrashContract('Redis Streams', makeLog);

describe('the log on Redis Streams beyond the contract', () => {
  const NOW = { maxEntries: 100, waitMs: 0 };

  it.each([
    ['appendonly', 'no'],
    ['appendfsync', 'everysec'],
    ['no-appendfsync-on-rewrite', 'yes'],
    ['maxmemory-policy', 'allkeys-lru'],
  ])('law 6: refuses a Redis with %s %s, unless its operator vouches for it', async (setting, value) => {
    const before = await withClient((redis) => redis.config('GET', setting) as Promise<string[]>);
    await withClient((redis) => redis.config('SET', setting, value));
    try {
      await expect(openLog('durable', 1)).rejects.toMatchObject({
        code: 'not_durable',
        message: expect.stringContaining(setting),
      });
      await (await openLog('durable', 1, { durability: 'managed' })).close();
    } finally {
      await withClient((redis) => redis.config('SET', setting, before[1] as string));
    }
  });

  it('law 6: waits until a Redis whose append-only file was just switched on has one', async () => {
    const own = await startRedis();
    try {
      const redis = connectRedis(own.url, 'queue', () => {});
      await redis.mset(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`before${i}`, i])));
      // There was a file before.
      await redis.bgrewriteaof();
      await expect.poll(() => redis.info('persistence')).toMatch(/aof_rewrite_in_progress:0.*aof_base_size:[1-9]/s);
      await redis.config('SET', 'appendonly', 'no');
      // Writing the file takes a second.
      await redis.config('SET', 'rdb-key-save-delay', '10000');
      await redis.config('SET', 'appendonly', 'yes');
      redis.disconnect();
      const log = await openLog('switched on', 1, {}, own.url);
      await log.append(0, { kind: 'events', body: 'acknowledged' });
      await own.restart();
      const entries = await eventually(() => log.read(new Map([[0, null]]), NOW));
      expect(entries.map(({ body }) => body)).toEqual(['acknowledged']);
      await log.close();
    } finally {
      await own.stop();
    }
  });

  it('refuses a connection that would resend appends by itself', async () => {
    const commands = connectRedis(server.url, 'queue', () => {});
    await expect(
      openRedisStreamLog({ commands, blocking: commands, namespace: 'resend', partitions: 1, now: Date.now }),
    ).rejects.toThrow('autoResendUnfulfilledCommands');
    commands.disconnect();
  });

  it('law 6: a log that must exist is not created, and one that is restored keeps its identity', async () => {
    await expect(openLog('lost', 2, { mustExist: true })).rejects.toMatchObject({ code: 'log_recreated' });
    expect(await withClient((redis) => redis.exists('lost:log'))).toBe(0);
    const restored = await openLog('lost', 2, { newIdentity: () => 'noted' });
    expect(restored.identity).toBe('noted');
    // Empty as it is, it begins after what is archived, and goes on from there.
    const archived = positionOf('1700000000000-3');
    expect(await restored.markLostTail?.(1, archived)).toBe(true);
    expect(await restored.markLostTail?.(1, archived)).toBe(false);
    expect(await restored.starts()).toEqual([null, archived]);
    expect(await restored.ends()).toEqual([null, archived]);
    expect((await restored.append(1, { kind: 'events', body: 'new' })) > archived).toBe(true);
    expect((await restored.read(new Map([[1, archived]]), NOW)).map(({ body }) => body)).toEqual(['new']);
    await restored.close();
  });

  it('law 7: a log that lost its tail and grew past it again begins after what is archived', async () => {
    const log = await openLog('rewound', 1);
    const append = (body: string) => log.append(0, { kind: 'events', body });
    const kept = await append('kept');
    const lost = await append('archived and lost');
    expect(await log.markLostTail?.(0, lost)).toBe(false);
    await withClient((redis) => redis.xdel('rewound:{0}:log', idOf(lost)));
    const later = await append('later');
    expect(await log.markLostTail?.(0, lost)).toBe(true);
    await expect(log.read(new Map([[0, kept]]), NOW)).rejects.toMatchObject({ code: 'position_expired' });
    expect((await log.read(new Map([[0, lost]]), NOW)).map(({ position }) => position)).toEqual([later]);
    await log.close();
  });

  it('invariant 6: one stream deleted under its readers is log_recreated', async () => {
    const log = await openLog('vanished', 2);
    const position = await log.append(1, { kind: 'events', body: 'a' });
    await log.append(0, { kind: 'events', body: 'b' });
    await log.read(new Map([[1, position]]), NOW);
    await withClient((redis) => redis.del('vanished:{1}:log'));
    await expect(log.read(new Map([[1, position]]), NOW)).rejects.toMatchObject({ code: 'log_recreated' });
    await log.close();
    const again = await openLog('vanished', 2);
    await expect(again.read(new Map([[1, position]]), NOW)).rejects.toMatchObject({ code: 'log_recreated' });
    await again.close();
  });

  it('laws 6 and 7: entries with ids that no position has are passed over, and none that gets such an id is acknowledged', async () => {
    const log = await openLog('strange', 2);
    const stream = 'strange:{0}:log';
    const append = (body: string, partition = 0) => log.append(partition, { kind: 'events', body });
    const byHand = (id: string) => withClient((redis) => redis.xadd(stream, id, 'k', 'e', 'b', 'by hand'));
    const bodies = async () => (await log.read(new Map([0, 1].map((p) => [p, null])), NOW)).map(({ body }) => body);
    const first = idOf(await append('before'));
    await byHand(`${first.split('-')[0]}-12345678901`);
    // From the next millisecond on.
    await expect.poll(() => append('between').catch(() => null)).toBeTypeOf('string');
    expect(await bodies()).toEqual(['before', 'between']);
    const last = idOf((await log.ends())[0] as string);
    await byHand('18446744073709551614-5');
    const refusal = append('refused');
    await expect(refusal).rejects.toThrow(`ids of ${stream} must have at most 15 and 10 digits (got 18446744073709551614-6)`);
    expect((await log.ends())[0]).toBe(BEHIND_ALL);
    await append('of another partition', 1);
    expect(await bodies()).toEqual(['before', 'between', 'of another partition']);
    // As the message says.
    await withClient(async (redis) => {
      for (const id of ['18446744073709551614-5', '18446744073709551614-6']) await redis.xdel(stream, id);
      await redis.call('XSETID', stream, last);
    });
    await append('after');
    expect(await bodies()).toEqual(['before', 'between', 'after', 'of another partition']);
    await log.close();
  });

  it('law 7: after the log lost its tail, entries appended under a clock set back still come after the reader', async () => {
    const rewound: string[] = [];
    const onRewound = (partition: number, id: string) => rewound.push(`${partition} ${id}`);
    const log = await openLog('rewound', 1, { onRewound });
    await log.append(0, { kind: 'events', body: 'kept' });
    const aheadMs = Date.now() + 60_000;
    const ahead = `${String(aheadMs).padStart(15, '0')}-0000000007`;
    expect(await log.read(new Map([[0, ahead]]), NOW)).toEqual([]);
    expect(rewound).toEqual([`0 ${aheadMs}-7`]);
    const next = await log.append(0, { kind: 'events', body: 'new' });
    expect(next > ahead).toBe(true);
    expect((await log.read(new Map([[0, ahead]]), NOW)).map(({ body }) => body)).toEqual(['new']);
    const absurd = `${String(aheadMs + 10 * 86_400_000).padStart(15, '0')}-0000000000`;
    await log.close();
    const again = await openLog('rewound', 1, { onRewound });
    await expect(again.read(new Map([[0, absurd]]), NOW)).rejects.toMatchObject({ code: 'log_recreated' });
    expect((await again.append(0, { kind: 'events', body: 'unmoved' })) < absurd).toBe(true);
    await again.close();
  });

  it('law 7: an entry appended after the clock was ahead has a negative age, by as much as its id leads the clock', async () => {
    const log = await openLog('ahead', 2);
    try {
      await withClient((redis) => redis.xadd('ahead:{0}:log', `${Date.now() + 3_600_000}-0`, 'k', 'e', 'b', '{}'));
      const [far] = await log.ends();
      await log.append(0, { kind: 'events', body: 'now' });
      await log.append(1, { kind: 'events', body: 'now' });
      const ages = await log.ageAfter(
        new Map([
          [0, far ?? null],
          [1, null],
        ]),
      );
      expect(ages.get(0)).toBeGreaterThan(-3_600_001);
      expect(ages.get(0)).toBeLessThan(-3_500_000);
      expect(ages.get(1)).toBeGreaterThanOrEqual(0);
    } finally {
      await log.close();
    }
  });

  it('an entry that is not ours comes out as one undecodable line, and the partition moves on', async () => {
    const log = await openLog('foreign', 1);
    await withClient((redis) => redis.xadd('foreign:{0}:log', '*', 'hello', 'world'));
    await withClient((redis) => redis.xadd('foreign:{0}:log', '*', 'k', 'z', 'b', '{}'));
    await log.append(0, { kind: 'events', body: 'ours' });
    const entries = await log.read(new Map([[0, null]]), NOW);
    expect(entries.map(({ kind, body }) => `${kind} ${body}`)).toEqual([
      'events ["hello","world"]',
      'events ["k","z","b","{}"]',
      'events ours',
    ]);
    await log.close();
  });

  it('a trim goes step by step, and a reader of what is left never sees a gap', async () => {
    const log = await openLog('steps', 1);
    const positions = await Promise.all(
      Array.from({ length: 5_000 }, (_, i) => log.append(0, { kind: 'events', body: `${i} ${'x'.repeat(500)}` })),
    );
    await log.trim(0, positions[4_321] as string);
    const left = await log.read(new Map([[0, positions[4_321] as string]]), { maxEntries: 10_000, waitMs: 0 });
    expect(left.map(({ position }) => position)).toEqual(positions.slice(4_322));
    expect(await withClient((redis) => redis.xlen('steps:{0}:log'))).toBe(5_000 - 4_322);
    await log.close();
  });

  it('fails at once while Redis is away, and goes on by itself when it is back', async () => {
    const log = await openLog('away', 1);
    await log.append(0, { kind: 'events', body: 'a' });
    await server.kill();
    await eventually(async () => {
      const startedMs = performance.now();
      await expect(log.append(0, { kind: 'events', body: 'b' })).rejects.toMatchObject({ code: 'log_unavailable' });
      expect(performance.now() - startedMs).toBeLessThan(50);
    });
    await expect(log.read(new Map([[0, null]]), NOW)).rejects.toMatchObject({ code: 'log_unavailable' });
    await server.restart();
    await eventually(() => log.append(0, { kind: 'events', body: 'c' }));
    const entries = await eventually(() => log.read(new Map([[0, null]]), NOW));
    expect(entries.map(({ body }) => body)).toEqual(['a', 'c']);
    await log.close();
  });
});

/** Appends as many of the same to each of the partitions. */
function appending(log: Awaited<ReturnType<typeof openLog>>, partitions: readonly number[]) {
  return (body: string, count: number) =>
    Promise.all(
      partitions.flatMap((partition) => Array.from({ length: count }, () => log.append(partition, { kind: 'events', body }))),
    );
}

it('law 7: a backlog of heavy entries is read in bounded pieces, however light those before it were', async () => {
  const partitions = 4;
  const maxBytes = 1024 * 1024;
  const log = await openLog('heavy', partitions);
  try {
    const after = new Map(Array.from({ length: partitions }, (_, partition): [number, string | null] => [partition, null]));
    const append = appending(log, [...after.keys()]);
    const read = async () => {
      const entries = await log.read(after, { maxEntries: 200, maxBytes, waitMs: 0 });
      for (const { partition, position } of entries) after.set(partition, position);
      return entries.map(({ body }) => body.length);
    };
    for (let i = 0; i < 20; i++) {
      await append('light', 3);
      await read();
    }
    const heavy = 64 * 1024;
    await append('x'.repeat(heavy), 100);
    const reads: number[][] = [];
    while (reads.flat().filter((length) => length === heavy).length < partitions * 100) reads.push(await read());
    const bytes = reads.map((lengths) => lengths.reduce((sum, length) => sum + length, 0));
    expect(Math.max(...bytes), 'bytes of one read').toBeLessThanOrEqual(2 * maxBytes);
  } finally {
    await log.close();
  }
});

it('law 7: an archiver that has read hundreds of light entries reads the heavy ones behind them in bounded pieces', async () => {
  const partitions = 4;
  const log = await openLog('backlog', partitions);
  try {
    const after = new Map(Array.from({ length: partitions }, (_, partition): [number, string | null] => [partition, null]));
    const append = appending(log, [...after.keys()]);
    const { maxEntries } = DEFAULT_LIMITS;
    const readAll = async (count: number) => {
      const bytes: number[] = [];
      for (let left = count * partitions; left > 0; ) {
        const entries = await log.read(after, { maxEntries, maxBytes: READ_BYTES, waitMs: 0 });
        for (const { partition, position } of entries) after.set(partition, position);
        left -= entries.length;
        bytes.push(entries.reduce((sum, { body }) => sum + body.length, 0));
      }
      return bytes;
    };
    // Three times: the first reads ask for little.
    for (let i = 0; i < 3; i++) {
      await append('light', 200);
      await readAll(200);
    }
    for (let i = 0; i < 10; i++) await append('x'.repeat(64 * 1024), 20);
    expect(Math.max(...(await readAll(200))), 'bytes of one read').toBeLessThanOrEqual(READ_BYTES);
  } finally {
    await log.close();
  }
});

it('an append whose reply came while this process did something else for longer than it may take is not lost', async () => {
  const log = await openLog('late', 1, { appendTimeoutMs: 200 });
  try {
    await withClient((redis) => redis.call('CLIENT', 'PAUSE', '80'));
    const appended = log.append(0, { kind: 'events', body: 'a' });
    for (let turns = 0; turns < 3; turns++) await turn();
    for (const until = performance.now() + 400; performance.now() < until; );
    expect(await appended).toMatch(/./);
  } finally {
    await log.close();
  }
});

it('a reader that looks at single entries between its reads catches up in as few of them', async () => {
  const log = await openLog('looks', 1);
  try {
    await Promise.all(Array.from({ length: 500 }, () => log.append(0, { kind: 'events', body: 'light' })));
    let after: string | null = null;
    let before: string | null = null;
    let reads = 0;
    for (let left = 500; left > 0; reads++) {
      const entries = await log.read(new Map([[0, after]]), { maxEntries: 200, maxBytes: 1024 * 1024, waitMs: 0 });
      left -= entries.length;
      before = entries.at(-2)?.position ?? after;
      after = entries.at(-1)?.position ?? null;
      const found = await log.read(new Map([[0, before]]), { maxEntries: 1, waitMs: 0 });
      expect(found.map(({ position }) => position)).toEqual([after]);
    }
    // The first ones ask for few, as nothing is known of how heavy entries are; each asks for twice what the one before it gave.
    expect(reads).toBeLessThanOrEqual(16);
  } finally {
    await log.close();
  }
});

it('law 6: of a group of appends each has the position of its own entry, and the one that Redis refuses is refused', async () => {
  const log = await openLog('group', 4);
  const append = (partition: number) => log.append(partition, { kind: 'events', body: `é ${partition}` });
  try {
    await withClient((redis) => redis.set('group:{1}:log', 'none'));
    const outcomes = await Promise.allSettled([0, 1, 2, 3, 0, 1].map(append));
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'kept'));
    expect(codes).toEqual(['kept', 'log_unavailable', 'kept', 'kept', 'kept', 'log_unavailable']);
    await withClient((redis) => redis.del('group:{1}:log'));
    const ends = await log.ends();
    const positions = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : null));
    expect([ends[0], ends[2], ends[3]]).toEqual([positions[4], positions[2], positions[3]]);
    const entries = await log.read(new Map([0, 2, 3].map((p) => [p, null])), { maxEntries: 10, waitMs: 0 });
    expect(entries.map(({ body }) => body).sort()).toEqual(['é 0', 'é 0', 'é 2', 'é 3']);
  } finally {
    await log.close();
  }
});

describe('a Redis whose memory is bounded', () => {
  it('law 6: events are refused before it is full, what makes room is not, and events are taken again', async () => {
    const own = await startRedis();
    try {
      const log = await openLog('bounded', 2, {}, own.url);
      const redis = connectRedis(own.url, 'queue', () => {});
      const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
      const append = () =>
        log.append(0, { kind: 'events', body: 'x' }).then(
          () => 'taken',
          (error: Error) => error.message,
        );
      expect(await append()).toBe('taken');
      await redis.config('SET', 'maxmemory', String(Math.ceil(used * 1.1)));
      await expect.poll(append, { interval: 300 }).toMatch(/of \d+ bytes \(maxmemory\): events are taken again below 85 %/);
      await log.append(1, { kind: 'heartbeat', body: '{}' });
      await log.trim(1, (await log.ends())[1] as string);
      await redis.config('SET', 'maxmemory', String(used * 4));
      await expect.poll(append, { interval: 300 }).toBe('taken');
      redis.disconnect();
      await log.close();
    } finally {
      await own.stop();
    }
  });
});
