/** Following the real log: what is shown, from where, for whom. */

import type { EventLog } from '@tributary/log/port';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openExistingLog } from '../src/open-log.ts';
import { tributary } from './fake-shell.ts';

const PARTITIONS = 4;
let redis: RedisServer;
let log: EventLog;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await log?.close();
  await redis.stop();
});

const tail = (...argv: string[]) =>
  tributary(['events', 'tail', '--redis-url', redis.url, ...argv], {
    openLog: openExistingLog,
    sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
  });

async function append(...events: { userKey: string; type: string; id: string }[]): Promise<void> {
  for (const { userKey, type, id } of events)
    await log.append(partitionOf(userKey, PARTITIONS), {
      kind: 'events',
      body: encodeEvent({ ts: 1, type, id, userId: userKey, receivedAt: 1, source: 'test' }),
    });
}

test('without a log: exit 3, and looking creates none', async () => {
  expect(await tail('--limit', '1')).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('has no log of events'),
  });
  const client = new Redis(redis.url);
  expect(await client.keys('*')).toEqual([]);
  client.disconnect();
});

test('from the start, for one user or type, as JSON lines; barriers and foreign entries do not end it', async () => {
  log = await openRedisStreamLog({
    commands: connectRedis(redis.url, 'commit', () => {}),
    blocking: connectRedis(redis.url, 'blocking', () => {}),
    namespace: 'tributary',
    partitions: PARTITIONS,
    now: Date.now,
  });
  await append({ userKey: 'ana', type: 'page', id: '1' }, { userKey: 'bo', type: 'buy', id: '2' });
  for (let partition = 0; partition < PARTITIONS; partition++)
    await log.append(partition, { kind: 'barrier', body: '{"generation":1,"definitions":"{}"}' });
  await log.append(0, { kind: 'events', body: 'no event at all' });
  await append({ userKey: 'ana', type: 'buy', id: '3' });

  const ids = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id)
      .sort();
  expect(ids((await tail('--from-start', '--type', 'buy,page', '--limit', '3', '--json')).stdout)).toEqual(['1', '2', '3']);
  expect(ids((await tail('--from-start', '--user', 'ana', '--limit', '2', '--json')).stdout)).toEqual(['1', '3']);
  expect(ids((await tail('--from-start', '--type', 'buy', '--limit', '2', '--json')).stdout)).toEqual(['2', '3']);
  const text = await tail('--from-start', '--limit', '4');
  expect(text.stdout).toMatch(/^time +type +user +channel +value +id\n/);
  expect(text.stdout).toContain('not an event: no event at all');
  expect(text.stderr).toContain('the cut of generation 1');
});

test('from the start with a limit that the log does not reach: it ends where the log ended', async () => {
  const all = await tail('--from-start', '--type', 'buy', '--limit', '100', '--json');
  expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining('the log holds 2 of them') });
  expect(all.stdout.trim().split('\n')).toHaveLength(2);
  expect(await tail('--from-start', '--user', 'dan', '--limit', '1')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('the log holds 0 of them'),
  });
});

test('from now on: only what comes after; Ctrl-C ends it with 0', async () => {
  const following = tail('--limit', '1', '--json');
  await new Promise((done) => setTimeout(done, 500));
  await append({ userKey: 'cy', type: 'buy', id: 'later' });
  expect(JSON.parse((await following).stdout).id).toBe('later');

  const stop = new AbortController();
  const idle = tributary(['events', 'tail', '--redis-url', redis.url], { openLog: openExistingLog, signal: stop.signal });
  setTimeout(() => stop.abort(), 300);
  expect(await idle).toMatchObject({ code: 0 });
});

test('from now on with a limit: what ends it is said, and --for ends it whatever has come', async () => {
  const waited = await tributary(['events', 'tail', '--redis-url', redis.url, '--limit', '5', '--for', '300ms'], {
    openLog: openExistingLog,
    now: Date.now,
  });
  expect(waited).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('from now on, until 5 of them or 300ms\n0 events within 300ms\n'),
  });
  expect(await tail('--for', 'ever')).toMatchObject({ code: 2, stderr: expect.stringContaining('--for must be a duration') });
});

test('no Redis: exit 3 within seconds, the password not shown', async () => {
  const done = await tributary(['events', 'tail', '--redis-url', 'redis://u:secret@127.0.0.1:1'], { openLog: openExistingLog });
  expect(done).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('redis://127.0.0.1:1 does not answer') });
  expect(done.stderr).not.toContain('secret');
});

test('--topic outputs: what the speed layer sends out, by user key; another name is refused', async () => {
  const outputs = await openRedisStreamLog({
    commands: connectRedis(redis.url, 'commit', () => {}),
    blocking: connectRedis(redis.url, 'blocking', () => {}),
    namespace: 'tributary:outputs',
    partitions: PARTITIONS,
    now: Date.now,
  });
  const line = JSON.stringify({ ts: 1, type: 'conversion.attributed', id: 'c1', userKey: 'ana', value: 250, currency: 'EUR' });
  await outputs.append(partitionOf('ana', PARTITIONS), { kind: 'events', body: line });
  await outputs.close();
  const shown = await tail('--topic', 'outputs', '--from-start', '--user', 'ana', '--limit', '1');
  expect(shown.stdout).toContain('conversion.attributed');
  expect(shown.stdout).toContain('2.50 EUR');
  expect((await tail('--topic', 'outputs', '--from-start', '--limit', '1', '--json')).stdout.trim()).toBe(line);
  expect(await tail('--topic', 'elsewhere')).toMatchObject({ code: 2, stderr: expect.stringContaining('"elsewhere"') });
});
