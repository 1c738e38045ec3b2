/** The collector as a process of its own, over a real Redis: what it acknowledged is there, whatever ends it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGeneration } from '@tributary/archive/generations';
import { publish } from '@tributary/archive/publications';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { type DefinitionsFile, parseDefinitions } from '@tributary/model/definitions';
import type { Heartbeat } from '@tributary/model/partition-record';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readKeys, writeKeys } from '@tributary/runtime/keys/file';
import { createKey } from '@tributary/runtime/keys/ring';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { freePort } from '@tributary/testkit/servers/free-port';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const PARTITIONS = 4;

let redis: RedisServer;
let dataDir: string;
let port: number;
let child: ChildProcess;
let output = '';
const write = createKey('write', Date.now());
const read = createKey('read', Date.now());
const admin = createKey('admin', Date.now());
const expired = createKey('write', 0, 1);

beforeAll(async () => {
  redis = await startRedis();
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-collector-'));
  writeKeys(join(dataDir, 'keys.json'), [write.record, read.record, admin.record, expired.record]);
});
afterAll(async () => {
  await redis.stop();
  await rm(dataDir, { recursive: true });
});
beforeEach(async () => {
  port = await freePort();
  await start();
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

async function start(): Promise<void> {
  output = '';
  child = spawn(process.execPath, [MAIN, '--heartbeat-idle-ms', '200', '--max-types', '2'], {
    env: {
      ...process.env,
      TRIBUTARY_REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_COLLECTOR_PORT: String(port),
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output = (output + chunk).slice(-8_000)));
  await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.status).toBe(200);
}

const send = (events: object, key: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(events),
  });

async function post(events: object, key = write.key): Promise<number> {
  const response = await send(events, key);
  await response.arrayBuffer();
  return response.status;
}

/** As a run does that brings others than the file. */
async function publishDefinitions(definitions: DefinitionsFile): Promise<void> {
  const { json, version } = parseDefinitions(JSON.stringify(definitions), sha256Hex);
  const { generation } = await createGeneration(
    dataDir,
    pendingGeneration({ json, version }, { state: 'computed', computedAt: 2 }),
  );
  await publish(dataDir, 0, { generation, action: 'publish', held: false, at: 3, by: 'test' });
}

/** Everything in the log, read by another client. */
async function entriesOfLog() {
  const [commands, blocking] = [connectRedis(redis.url, 'commit', () => {}), connectRedis(redis.url, 'blocking', () => {})];
  const log = await openRedisStreamLog({ commands, blocking, namespace: 'tributary', partitions: PARTITIONS, now: Date.now });
  try {
    const from = new Map(Array.from({ length: PARTITIONS }, (_, partition) => [partition, null]));
    return await log.read(from, { maxEntries: 1_000_000, waitMs: 0 });
  } finally {
    await log.close();
    for (const connection of [commands, blocking]) connection.disconnect();
  }
}

async function idsOfLog(): Promise<Set<string>> {
  const events = (await entriesOfLog()).filter(({ kind }) => kind === 'events');
  return new Set(events.flatMap(({ body }) => body.split('\n').map((line) => (JSON.parse(line) as { id: string }).id)));
}

/** Sends single events over several connections until stopped; says which ids were acknowledged, and how it was refused. */
function load(name: string) {
  const acknowledged: string[] = [];
  const refusals = new Set<number>();
  let running = true;
  const senders = Array.from({ length: 8 }, async (_, sender) => {
    for (let i = 0; running; i++) {
      const id = `${name}-${sender}-${i}`;
      const status = await post({ type: 't', userId: `u${i % 50}`, id }).catch(() => 0);
      if (status === 200) acknowledged.push(id);
      else {
        refusals.add(status);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  });
  const stop = async () => {
    running = false;
    await Promise.all(senders);
    return { acknowledged, refusals };
  };
  return { acknowledged, stop };
}

async function expectKept(acknowledged: readonly string[]): Promise<void> {
  const ids = await idsOfLog();
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
}

test('keys: write and admin may, read, expired and unknown ones may not', async () => {
  const event = { type: 't', userId: 'u' };
  const statuses = [];
  for (const key of [write.key, admin.key, read.key, expired.key, write.key.replace(/.$/, 'x'), 'nonsense'])
    statuses.push(await post(event, key));
  expect(statuses).toEqual([200, 200, 401, 401, 401, 401]);
});

test('rejections: read and admin keys may read them, write, expired and unknown ones may not', async () => {
  await post({ type: 't' });
  const asked = async (key: string) =>
    fetch(`http://127.0.0.1:${port}/v1/rejections`, { headers: { authorization: `Bearer ${key}` } });
  const answers = await Promise.all([read.key, admin.key, write.key, expired.key, 'nonsense'].map(asked));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 403, 401, 401]);
  const rejected = { reason: 'missing_user', keyId: write.record.id, count: 1, sample: { type: 't' } };
  expect(await answers[0]?.json()).toMatchObject({ rejections: [rejected] });
});

test('law 7: a key made or revoked holds without a restart, and a broken key file is reported', async () => {
  const file = join(dataDir, 'keys.json');
  const records = readKeys(file);
  const page = createKey('browser', Date.now());
  const event = { type: 't', userId: 'u' };
  try {
    writeKeys(file, [...records, page.record]);
    await expect.poll(() => post(event, page.key)).toBe(200);
    writeKeys(file, [...records, { ...page.record, revokedAt: Date.now() }]);
    await expect.poll(() => post(event, page.key)).toBe(401);
    writeFileSync(file, '{"keys": [');
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).text())
      .toMatch(/"ok":false.*key file .*keys\.json must .*valid until/);
    expect(await post(event)).toBe(200);
    expect(output).toMatch(/the key file .*keys\.json must /);
  } finally {
    writeKeys(file, records);
  }
});

test('law 7: the names of definitions that come into force while it runs are kept, however full the day is', async () => {
  const isFolded = async (type: string): Promise<boolean> => {
    const response = await send({ type, userId: 'u' }, write.key);
    return ((await response.json()) as { readonly warnings?: unknown }).warnings !== undefined;
  };
  expect([await isFolded('t'), await isFolded('t2'), await isFolded('t3'), await isFolded('signup')]).toEqual([
    false,
    false,
    true,
    true,
  ]);
  await publishDefinitions({ conversions: ['signup'] });
  await expect.poll(() => isFolded('signup'), { interval: 200 }).toBe(false);
  expect(await isFolded('t3')).toBe(true);
});

test('idle partitions get heartbeats', async () => {
  await expect
    .poll(async () => {
      const beats = (await entriesOfLog()).filter(({ kind }) => kind === 'heartbeat');
      for (const { body } of beats)
        expect(Math.abs((JSON.parse(body) as Heartbeat).receivedAt - Date.now())).toBeLessThan(60_000);
      return new Set(beats.map(({ partition }) => partition)).size;
    })
    .toBe(PARTITIONS);
});

test('law 6: every event acknowledged before a kill -9 of the collector is in the log', async () => {
  const sending = load('kill');
  await expect.poll(() => sending.acknowledged.length).toBeGreaterThan(500);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { acknowledged } = await sending.stop();
  await expectKept(acknowledged);
});

test('law 6: SIGTERM under load: the taken is answered, the rest refused, and it ends in time with 0', async () => {
  const sending = load('term');
  await expect.poll(() => sending.acknowledged.length).toBeGreaterThan(500);
  const termedMs = performance.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code, output).toBe(0);
  expect(performance.now() - termedMs).toBeLessThan(4_500);
  const { acknowledged, refusals } = await sending.stop();
  for (const status of refusals) expect([0, 503]).toContain(status); // 0: the port is closed
  await expectKept(acknowledged);
});

test('law 6: a Redis that is killed under load: refusals while it is away, nothing acknowledged is lost, then it goes on', async () => {
  const sending = load('redis');
  await expect.poll(() => sending.acknowledged.length).toBeGreaterThan(500);
  await redis.kill();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await redis.restart();
  const before = sending.acknowledged.length;
  await expect.poll(() => sending.acknowledged.length).toBeGreaterThan(before + 200);
  const { acknowledged, refusals } = await sending.stop();
  expect([...refusals]).toEqual([503]);
  await expectKept(acknowledged);
});

test('a Redis that stands still: requests are refused in time, the collector lives and goes on afterwards', async () => {
  process.kill(redis.pid, 'SIGSTOP');
  const startMs = performance.now();
  try {
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, i) => post({ type: 't', userId: `u${i}` })));
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(performance.now() - startMs).toBeLessThan(10_000);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
    expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  } finally {
    process.kill(redis.pid, 'SIGCONT');
  }
  await expect.poll(() => post({ type: 't', userId: 'u' })).toBe(200);
});

test('a taken port is a clear error', async () => {
  const second = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      TRIBUTARY_REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_COLLECTOR_PORT: String(port),
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  second.stdout.on('data', (chunk) => (text += chunk));
  const [code] = (await once(second, 'exit')) as [number];
  expect(code).toBe(1);
  expect(text).toContain(`TRIBUTARY_COLLECTOR_PORT must be a free port (got ${port})`);
  expect(text).toContain('port_taken');
});

test('law 6: a log that is gone: 503 with the reason, for as long as it is; with the log back, a new process takes events', async () => {
  expect(await post({ type: 't', userId: 'u' })).toBe(200);
  const client = connectRedis(redis.url, 'commit', () => {});
  await whenReady(client, 10_000);
  try {
    const keys = await client.keys('tributary:*');
    const kept = await Promise.all(keys.map(async (key) => [key, await client.dumpBuffer(key)] as const));
    await client.flushall();
    const response = await fetch(`http://127.0.0.1:${port}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${write.key}` },
      body: JSON.stringify({ type: 't', userId: 'u' }),
    });
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { code: 'log_recreated', detail: expect.stringMatching(/is gone from Redis.*nothing of the request is acknowledged/) },
    ]);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('is gone from Redis')]);
    expect(child.exitCode).toBeNull();

    for (const [key, value] of kept) await client.restore(key, 0, value as Buffer, 'REPLACE');
    await expect.poll(() => child.exitCode).toBe(1);
    expect(output).toMatch(/the log of this platform is back/);
    await start();
    expect(await post({ type: 't', userId: 'u' })).toBe(200);
  } finally {
    client.disconnect();
  }
});
