import { setTimeout as sleep } from 'node:timers/promises';
import { APPEND_LIMITS } from '@tributary/log/append-queue';
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { openRedisStreamLog, type RedisStreamLogOptions } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { eventually, readAll } from '@tributary/testkit/contracts/log-reading';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { startTcpProxy, type TcpProxy } from '@tributary/testkit/servers/tcp-proxy';
import { startStopwatch } from '@tributary/testkit/stopwatch';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const PARTITIONS = 2;
const FROM_START = new Map([...Array(PARTITIONS).keys()].map((partition) => [partition, null]));

let server: RedisServer;
let proxy: TcpProxy;
let namespace = '';
let tests = 0;
let opened: EventLog[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  tests += 1;
  namespace = `faults${tests}`;
  proxy = await startTcpProxy(server.port);
});
afterEach(async () => {
  await proxy.set({ kind: 'pass' });
  for (const log of opened) await log.close();
  opened = [];
  await proxy.stop();
});

async function openAt(port: number, more: Partial<RedisStreamLogOptions> = {}): Promise<EventLog> {
  const commands = more.commands ?? connectRedis(`redis://127.0.0.1:${port}`, 'commit', () => {});
  const blocking = connectRedis(`redis://127.0.0.1:${port}`, 'blocking', () => {});
  const log = await openRedisStreamLog({ commands, blocking, namespace, partitions: PARTITIONS, now: Date.now, ...more });
  opened.push(log);
  return log;
}
const throughProxy = (more?: Partial<RedisStreamLogOptions>) => openAt(proxy.port, more);
const direct = () => openAt(server.port);

type Outcome = { readonly body: string; readonly partition: number; readonly position?: Position; readonly code?: string };

async function tryAppend(log: EventLog, partition: number, body: string): Promise<Outcome> {
  try {
    return { body, partition, position: await log.append(partition, { kind: 'events', body }) };
  } catch (error) {
    return { body, partition, code: (error as { code?: string }).code ?? String(error) };
  }
}

const acknowledged = (outcomes: readonly Outcome[]) => outcomes.filter(({ position }) => position !== undefined);
const codes = (outcomes: readonly Outcome[]) => [...new Set(outcomes.flatMap(({ code }) => (code === undefined ? [] : [code])))];
const inPartition = (entries: readonly LogEntry[], partition: number) => entries.filter((entry) => entry.partition === partition);

/** Law 6 and invariant 4: what was acknowledged is there, at its position, once, and in the order of the calls. */
function expectKept(outcomes: readonly Outcome[], entries: readonly LogEntry[]): void {
  const bodyAt = new Map(entries.map((entry) => [`${entry.partition} ${entry.position}`, entry.body]));
  expect(
    acknowledged(outcomes).filter(({ partition, position, body }) => bodyAt.get(`${partition} ${position}`) !== body),
  ).toEqual([]);
  for (const partition of FROM_START.keys()) {
    const written = inPartition(entries, partition).map(({ body }) => body);
    expect(new Set(written).size, 'nothing was sent twice').toBe(written.length);
    const wanted = new Set(acknowledged(outcomes).map(({ body }) => body));
    const called = outcomes
      .filter((outcome) => outcome.partition === partition && wanted.has(outcome.body))
      .map(({ body }) => body);
    expect(written.filter((body) => wanted.has(body))).toEqual(called);
  }
}

/** A consumer that keeps its own positions and never gives up: reads until it has seen `done`. */
async function follow(log: EventLog, done: (seen: readonly LogEntry[]) => boolean, waitMs = 200): Promise<LogEntry[]> {
  const seen: LogEntry[] = [];
  const positions = new Map<number, Position | null>(FROM_START);
  while (!done(seen)) {
    const entries = await log.read(positions, { maxEntries: 50, waitMs }).catch((error: { code?: string }) => {
      if (error.code !== 'log_unavailable') throw error;
      return sleep(10, []);
    });
    for (const entry of entries) positions.set(entry.partition, entry.position);
    seen.push(...entries);
  }
  return seen;
}

describe('a network that fails under the log', () => {
  it('law 6: a lost reply is log_unavailable although the entry was written, and nothing is sent again', async () => {
    const log = await throughProxy({ appendTimeoutMs: 300 });
    const before = await tryAppend(log, 0, 'before');
    await proxy.set({ kind: 'dropReply', afterBytes: 0 });
    const watch = startStopwatch();
    const lost = await tryAppend(log, 0, 'lost');
    expect(lost.code).toBe('log_unavailable');
    expect(watch.stop()).toBeLessThan(1_000);
    await proxy.set({ kind: 'pass' });
    const behind = await eventually(async () => {
      const outcome = await tryAppend(log, 0, `after ${performance.now()}`);
      expect(outcome.code).toBeUndefined();
      return outcome;
    });
    const entries = await readAll(await direct(), FROM_START, 10);
    expect(entries.map(({ body }) => body)).toEqual(['before', 'lost', behind.body]);
    expectKept([before, lost, behind], entries);
  });

  it.each([0, 1, 30, 100, 700, 2_000])('law 6: reset %d bytes into the replies of a group', async (afterBytes) => {
    const log = await throughProxy();
    const outcomes: Outcome[] = [await tryAppend(log, 0, 'warm')];
    await proxy.set({ kind: 'resetReply', afterBytes });
    const bodies = Array.from({ length: 300 }, (_, i) => `entry ${i}`);
    outcomes.push(...(await Promise.all(bodies.map((body, i) => tryAppend(log, i % PARTITIONS, body)))));
    expect(codes(outcomes)).toEqual(['log_unavailable']);
    await proxy.set({ kind: 'pass' });
    outcomes.push(
      await eventually(async () => {
        const outcome = await tryAppend(log, 1, `again ${performance.now()}`);
        expect(outcome.code).toBeUndefined();
        return outcome;
      }),
    );
    expectKept(outcomes, await readAll(await direct(), FROM_START, 1_000));
    // The replies that did arrive count: they are acknowledged, not thrown away with the rest of the group.
    if (afterBytes === 2_000) expect(acknowledged(outcomes).length).toBeGreaterThan(20);
  });

  it('a reader whose connection is reset in the middle of its answers gets every entry once', async () => {
    const writer = await direct();
    const bodies = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(2_000)}`);
    await Promise.all(bodies.map((body) => writer.append(0, { kind: 'events', body })));
    const reader = await throughProxy();
    let struck = 0;
    const seen: LogEntry[] = [];
    const strikes = (async () => {
      while (seen.length < bodies.length) {
        await proxy.set({ kind: 'resetReply', afterBytes: 150_000 });
        await sleep(40);
        struck += 1;
        await proxy.set({ kind: 'pass' });
        await sleep(10);
      }
    })();
    let position: Position | null = null;
    let failures = 0;
    while (seen.length < bodies.length) {
      const entries: LogEntry[] = await reader.read(new Map([[0, position]]), { maxEntries: 100, waitMs: 100 }).catch(() => {
        failures += 1;
        return [];
      });
      seen.push(...entries);
      position = entries.at(-1)?.position ?? position;
    }
    await strikes;
    expect(seen.map(({ body }) => body)).toEqual(bodies);
    expect(failures).toBeGreaterThan(0);
    expect(struck).toBeGreaterThan(0);
  });

  it('a black hole: a waiting read fails in bounded time, an abort is prompt, and both go on afterwards', async () => {
    const log = await throughProxy({ appendTimeoutMs: 2_000 });
    // Two reads at once: two connections stand when the hole opens, a third read below finds none.
    const both = [1, 2].map(() => log.read(FROM_START, { maxEntries: 1, waitMs: 2_000 }));
    await sleep(300);
    await log.append(0, { kind: 'events', body: 'a' });
    await Promise.all(both);
    await proxy.set({ kind: 'blackHole' });
    const abort = new AbortController();
    const aborted = log.read(FROM_START, { maxEntries: 1, waitMs: 30_000, signal: abort.signal });
    const failed = Promise.all(
      ['no reply', 'not connected'].map((why) =>
        expect(log.read(FROM_START, { maxEntries: 1, waitMs: 100 })).rejects.toMatchObject({
          code: 'log_unavailable',
          message: expect.stringContaining(why),
        }),
      ),
    );
    await sleep(50);
    const startedMs = performance.now();
    const watch = startStopwatch();
    abort.abort();
    expect(await aborted).toEqual([]);
    expect(watch.stop()).toBeLessThan(100);
    expect((await tryAppend(log, 0, 'b')).code).toBe('log_unavailable');
    await failed;
    expect(performance.now() - startedMs).toBeLessThan(8_000);
    await proxy.set({ kind: 'pass' });
    await eventually(() => log.append(0, { kind: 'events', body: 'c' }));
    const entries = await eventually(() => log.read(FROM_START, { maxEntries: 10, waitMs: 0 }));
    expect(entries.map(({ body }) => body)).toEqual(['a', 'c']);
  });

  it('a black hole in the middle of reconnecting: the handshake is given up, and reads and appends come back', async () => {
    const log = await throughProxy();
    await log.append(0, { kind: 'events', body: 'a' });
    await proxy.set({ kind: 'refuse' });
    await proxy.set({ kind: 'blackHole' });
    await expect.poll(() => proxy.connections).toBe(2);
    await sleep(200);
    await proxy.set({ kind: 'pass' });
    const entries = await eventually(() => log.read(FROM_START, { maxEntries: 10, waitMs: 0 }));
    expect(entries.map(({ body }) => body)).toEqual(['a']);
    await eventually(() => log.append(0, { kind: 'events', body: 'b' }));
  });

  it('appends fail as soon as the connection does, also where ioredis itself would leave them pending (its issue 2193)', async () => {
    const url = `redis://127.0.0.1:${proxy.port}`;
    const settings = { autoResendUnfulfilledCommands: false, enableOfflineQueue: false, maxRetriesPerRequest: null };
    const commands = new Redis(url, { ...settings, retryStrategy: () => 50 }).on('error', () => {});
    await new Promise((resolve) => commands.once('ready', resolve));
    const log = await throughProxy({ commands, appendTimeoutMs: 60_000, appendLimits: { ...APPEND_LIMITS, groupAppends: 1 } });
    await proxy.set({ kind: 'dropReply', afterBytes: 0 });
    const outcomes = [tryAppend(log, 0, 'under way'), tryAppend(log, 0, 'waiting')];
    await sleep(100);
    await proxy.set({ kind: 'refuse' });
    const watch = startStopwatch();
    expect(codes(await Promise.all(outcomes))).toEqual(['log_unavailable']);
    expect(watch.stop()).toBeLessThan(1_000);
    await proxy.set({ kind: 'pass' });
    await eventually(() => log.append(0, { kind: 'events', body: 'after' }));
    expect((await readAll(await direct(), FROM_START, 10)).map(({ body }) => body)).toEqual(['under way', 'after']);
  });

  it('a slow network: appends made together share round trips', async () => {
    const log = await throughProxy();
    await proxy.set({ kind: 'delay', delayMs: 50 });
    const outcomes = await Promise.all(Array.from({ length: 1_500 }, (_, i) => tryAppend(log, 0, `entry ${i}`)));
    // One after the other they are 1,500.
    expect(proxy.roundTrips).toBeLessThan(15);
    expect(codes(outcomes)).toEqual([]);
    await proxy.set({ kind: 'pass' });
    expectKept(outcomes, await readAll(await direct(), FROM_START, 1_000));
  });
});

describe('a Redis that fails under the log', () => {
  const KB = 1024;
  const limits = { ...APPEND_LIMITS, maxAppends: 200, maxBytes: 300 * KB };

  it('memory stays bounded while Redis stands still for 2 s: overloaded, then everything held is written in order', async () => {
    const log = await throughProxy({ appendLimits: limits, appendTimeoutMs: 2_900 });
    const outcomes: Promise<Outcome>[] = [];
    process.kill(server.pid, 'SIGSTOP');
    const resumed = sleep(2_000).then(() => process.kill(server.pid, 'SIGCONT'));
    for (let i = 0; i < 5_000; i += 1) outcomes.push(tryAppend(log, i % PARTITIONS, `${i} ${'x'.repeat(KB)}`));
    const immediate = await Promise.race([Promise.all(outcomes.slice(-1)), sleep(1_000, null)]);
    expect(immediate).toMatchObject([{ code: 'overloaded' }]);
    await resumed;
    const settled = await Promise.all(outcomes);
    expect(codes(settled)).toEqual(['overloaded']);
    const held = acknowledged(settled).length;
    expect(held).toBeGreaterThan(100);
    expect(held).toBeLessThanOrEqual(200);
    expectKept(settled, await readAll(await direct(), FROM_START, 1_000));
  });

  it('Redis stands still for 3 s, longer than an append may take: 503, then service again, order held', async () => {
    const log = await throughProxy({ appendTimeoutMs: 500, appendLimits: limits });
    const reader = await direct();
    const outcomes: Outcome[] = [];
    let stopped = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; !stopped; i += 1) {
        outcomes.push(await tryAppend(log, writer % PARTITIONS, `${writer}:${i}`));
        await sleep(2);
      }
    });
    let done = false;
    const following = follow(reader, () => done);
    await sleep(300);
    process.kill(server.pid, 'SIGSTOP');
    await sleep(3_000);
    process.kill(server.pid, 'SIGCONT');
    const ackedBefore = acknowledged(outcomes).length;
    await expect.poll(() => acknowledged(outcomes).length).toBeGreaterThan(ackedBefore + 20);
    stopped = true;
    await Promise.all(writers);
    expect(codes(outcomes)).toEqual(['log_unavailable']);
    const entries = await readAll(await direct(), FROM_START, 1_000);
    await sleep(500);
    done = true;
    expectAcknowledgedInOrder(outcomes, entries);
    const seen = await following;
    for (const partition of FROM_START.keys()) expect(inPartition(seen, partition)).toEqual(inPartition(entries, partition));
  });

  it('law 6: kill -9 of Redis under load, three times: acknowledged is kept, in order, and a reader gets every entry once', async () => {
    const log = await direct();
    const outcomes: Outcome[] = [];
    let stopped = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; !stopped; i += 1) {
        const outcome = await tryAppend(log, writer % PARTITIONS, `${writer}:${i} ${'x'.repeat(500)}`);
        outcomes.push(outcome);
        if (outcome.code !== undefined) await sleep(10);
      }
    });
    let end: readonly (Position | null)[] | null = null;
    const caughtUp = (read: readonly LogEntry[]) =>
      end?.every((position, partition) => inPartition(read, partition).at(-1)?.position === position) ?? false;
    const following = follow(await direct(), caughtUp);
    for (let round = 0; round < 3; round += 1) {
      const ackedBefore = acknowledged(outcomes).length;
      await expect.poll(() => acknowledged(outcomes).length).toBeGreaterThan(ackedBefore + 200);
      await server.restart();
    }
    const ackedBefore = acknowledged(outcomes).length;
    await expect.poll(() => acknowledged(outcomes).length).toBeGreaterThan(ackedBefore + 200);
    stopped = true;
    await Promise.all(writers);
    const survivor = await direct();
    const entries = await readAll(survivor, FROM_START, 1_000);
    end = await survivor.ends();
    expectAcknowledgedInOrder(outcomes, entries);
    expect(codes(outcomes)).toEqual(['log_unavailable']);
    const seen = await following;
    for (const partition of FROM_START.keys()) expect(inPartition(seen, partition)).toEqual(inPartition(entries, partition));
  });
});

/** Each writer of "writer:number" awaited one append before the next: its acknowledged entries stand in that order. */
function expectAcknowledgedInOrder(outcomes: readonly Outcome[], entries: readonly LogEntry[]): void {
  const bodyAt = new Map(entries.map((entry) => [`${entry.partition} ${entry.position}`, entry.body]));
  const last = new Map<string, Position>();
  for (const { partition, position, body } of outcomes) {
    if (position === undefined) continue;
    expect(bodyAt.get(`${partition} ${position}`)).toBe(body);
    const writer = body.slice(0, body.indexOf(':'));
    expect(position > (last.get(writer) ?? '')).toBe(true);
    last.set(writer, position);
  }
  const written = entries.map(({ body }) => body);
  expect(new Set(written).size, 'nothing was sent twice').toBe(written.length);
}

it('law 7: a Redis that answers no command for a while when the log is opened is asked again', async () => {
  const address = { host: '127.0.0.1', port: server.port };
  const commands = new Redis({ ...address, commandTimeout: 300, autoResendUnfulfilledCommands: false });
  commands.on('error', () => {});
  await commands.ping();
  const other = new Redis(address);
  await other.call('CLIENT', 'PAUSE', '1500', 'ALL');
  const log = await openAt(server.port, { commands });
  expect(log.identity).not.toBe('');
  other.disconnect();
});
