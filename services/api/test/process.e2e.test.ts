/** The API as a process of its own, on a real Redis and a real data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { openRecomputeQueue } from '@tributary/queue/recompute-queue';
import { writeKeys } from '@tributary/runtime/keys/file';
import { createKey } from '@tributary/runtime/keys/ring';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { freePort } from '@tributary/testkit/servers/free-port';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import { emptyUser } from '@tributary/views/user-state';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaults, event, NOON } from './world.ts';

const PARTITIONS = 4;
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
let redis: RedisServer;
let dataDir: string;
let api: ChildProcess;
let url: string;
let output = '';
const read = createKey('read', 0);
const admin = createKey('admin', 0);
const connections: { disconnect(): void }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-api-'));
  writeKeys(join(dataDir, 'keys.json'), [read.record, admin.record]);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  api = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      TRIBUTARY_REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_API_PORT: String(port),
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [api.stdout, api.stderr]) stream?.on('data', (chunk) => (output = (output + chunk).slice(-8_000)));
  await until(async () => (await fetch(`${url}/readyz`)).status === 200);
});

afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  if (api.exitCode === null) api.kill('SIGKILL');
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function until(probe: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    if (api.exitCode !== null) throw new Error(`the API ended with ${api.exitCode}:\n${output}`);
    if (await probe().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not in time:\n${output}`);
}

const get = async (path: string) => {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${read.key}` } });
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON freely
  return { status: response.status, body: (await response.json()) as any };
};

async function commit(
  rows: RowsByView,
  appends: Map<string, string>,
  partition: number,
  expected: string | null,
  position: string,
) {
  const connection = connectRedis(redis.url, 'commit', () => {});
  connections.push(connection);
  await whenReady(connection, 5_000);
  const outcome = await createSpeedStore(connection, 'tributary').commit({
    partition,
    expected,
    expectedCommit: expected === null ? '' : `test:${expected}`,
    id: `test:${position}`,
    next: { position, logIdentity: 'test', logTimeMs: NOON, generation: 0, definitions: defaults.json },
    appends,
    rewrites: new Map(),
    deltas: rows,
    deltasGeneration: 0,
    pending: 0,
    overflowed: 0,
    conversions: new Map([['order', 'größe']]),
    parked: [],
  });
  expect(outcome).toBe('committed');
}

test('what the speed layer committed is answered: signals, report, explanation', async () => {
  const userKey = 'größe';
  const partition = partitionOf(userKey, PARTITIONS);
  const events = [
    event({ type: 'ad_click', userId: userKey, ts: NOON - 1000, channel: 'search', properties: { q: 'süß' } }),
    event({ type: 'purchase', userId: userKey, id: 'order', ts: NOON, value: 12, currency: 'EUR' }),
  ];
  const rows: RowsByView = new Map();
  const user = emptyUser();
  for (const item of events) step(user, item, NOON, stepRules(VIEWS, defaults), rows);
  await commit(
    rows,
    new Map([[userKey, events.map((item) => `${encodeEvent(item)}\n`).join('')]]),
    partition,
    null,
    '0000000000001-0',
  );
  const signals = await get(`/v1/users/${encodeURIComponent(userKey)}/signals`);
  expect(signals.body.signals).toEqual(events.toReversed());
  const report = await get('/v1/attribution?model=linear');
  expect(report.body.rows).toMatchObject([{ channel: 'search', creditMicros: 1_000_000, valueMinor: 12 }]);
  // Intervals are computed in the thread of the models.
  const model = await get('/v1/attribution?model=markov&intervals=1');
  expect(model.body.rows).toMatchObject([{ channel: 'search', effect: 1, valueMinorOnPaths: 12, shareLow: null }]);
  expect(model.body.uncertainty).toMatchObject({ unit: 'partition', level: 0.9 });
  const explained = await get('/v1/conversions/order');
  expect(explained.body.touches).toMatchObject([{ channel: 'search', eligible: true }]);
  await until(async () => (await get('/v1/attribution')).body.meta.complete === true);
});

test('a run that was asked for waits in the queue', async () => {
  const response = await fetch(`${url}/v1/generations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin.key}`, 'content-type': 'application/json' },
    body: '{"mode":"full"}',
  });
  expect(response.status).toBe(202);
  const { jobId } = (await response.json()) as { jobId: string };
  const connection = connectRedis(redis.url, 'queue', () => {});
  connections.push(connection);
  const queue = openRecomputeQueue(connection, 'tributary');
  expect(await queue.status(jobId)).toMatchObject({ state: 'waiting' });
  await queue.close();
});

test('law 7: an entry in the log that no worker reads makes answers incomplete', async () => {
  const commands = connectRedis(redis.url, 'commit', () => {});
  const blocking = connectRedis(redis.url, 'blocking', () => {});
  connections.push(commands, blocking);
  const log = await openRedisStreamLog({ commands, blocking, namespace: 'tributary', partitions: PARTITIONS, now: Date.now });
  await log.append(1, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: Date.now() }) });
  await until(async () => (await get('/v1/activity')).body.meta.speed.lagMs > 0);
  expect((await get('/v1/status')).body.partitions[1]).toMatchObject({ behind: true });
  await log.close();
});

test('Redis gone is the last report, incomplete, 503 for users, and not ready; Redis back is an answer again', async () => {
  await redis.kill();
  await until(async () => (await get('/v1/users/u1/signals')).body.code === 'store_unavailable');
  const { status, body } = await get('/v1/activity');
  expect(status).toBe(200);
  expect(body.meta.complete).toBe(false);
  expect(body.meta.warnings.join()).toMatch(/the answer is \d+ ms old: the store did not answer/);
  // What `/readyz` found is remembered for a moment.
  await until(async () => (await fetch(`${url}/readyz`)).status === 503);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  await redis.restart();
  await until(async () => !(await get('/v1/activity')).body.meta.warnings.join().includes('old'));
});

test('metrics are bounded by routes, and SIGTERM ends the process with 0', async () => {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('route="/v1/users/:id/signals"');
  expect(metrics).toContain('tributary_api_generation_served 0');
  const ended = once(api, 'exit');
  api.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
