/** Dead letters from end to end on a real Redis: the speed worker parks them, the API has them appended again, the worker counts them. */
import type { EventLog } from '@tributary/log/port';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { encodeEvent } from '@tributary/model/event';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { createDeadLetters } from '@tributary/store/dead-letters/redis-dead-letters';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN, createWorld, defaults, NOON, PARTITIONS } from './world.ts';

let server: RedisServer;
let log: EventLog;
const connections: ReturnType<typeof connectRedis>[] = [];
const connect = (kind: Parameters<typeof connectRedis>[1]) => {
  const redis = connectRedis(server.url, kind, () => {});
  connections.push(redis);
  return redis;
};

beforeAll(async () => {
  server = await startRedis();
  const [commands, blocking] = [connect('commit'), connect('blocking')];
  log = await openRedisStreamLog({ commands, blocking, namespace: 'events', partitions: PARTITIONS, now: Date.now });
});
afterAll(async () => {
  await log?.close();
  for (const redis of connections) redis.disconnect();
  await server?.stop();
});

test('laws 1, 3 and 6: what is replayed counts once, though its removal failed, and what is not stays', async () => {
  const [commits, reads] = [connect('commit'), connect('serving')];
  await Promise.all([commits, reads].map((redis) => whenReady(redis, 10_000)));
  const deadLetters = createDeadLetters(reads, 'state', PARTITIONS);
  const serving = createServingStore(reads, 'state', PARTITIONS, VIEWS);
  let commitIds = 0;
  const worker = createSpeedWorker({
    log,
    store: createSpeedStore(commits, 'state'),
    definitions: defaults,
    partitions: Array.from({ length: PARTITIONS }, (_, partition) => partition),
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `c${++commitIds}`,
    limits: { waitMs: 0 },
  });
  async function counted(): Promise<number> {
    for (let round = 0; round < 5; round++) await worker.runOnce();
    await worker.settle();
    const deltas = await serving.deltas(['activity'], 0);
    return deltas
      .flatMap(({ rows }) => [...(rows.get('activity')?.values() ?? [])])
      .reduce((sum, [events]) => sum + Number(events), 0);
  }

  const now = Date.now();
  const ahead = { ts: now, type: 'click', id: 'ahead', userId: 'ada', receivedAt: now + 3 * 86_400_000, source: 'test' };
  const bodies = [encodeEvent(ahead), JSON.stringify({ type: 'click', userId: 'ben', ts: now }), 'garbage', '{"ts":'];
  for (const [partition, body] of bodies.entries()) await log.append(partition, { kind: 'events', body });
  expect(await counted()).toBe(0);

  let removals = 0;
  const remove: typeof deadLetters.remove = (id) =>
    ++removals === 1 ? Promise.reject(new Error('connect ECONNREFUSED')) : deadLetters.remove(id);
  const world = await createWorld({ outside: { deadLetters: { ...deadLetters, remove }, append: log.append } });
  world.advance(now - NOON);
  const letters = async () => (await world.get('/v1/dead-letters', ADMIN)).body.deadLetters as { id: string; raw: string }[];
  const found = await letters();
  expect(found.map(({ raw }) => raw).sort()).toEqual([...bodies].sort());

  const outcomes: (boolean | number)[] = [];
  for (const { id, raw } of found.sort((a, b) => bodies.indexOf(a.raw) - bodies.indexOf(b.raw))) {
    let answer = await world.post(`/v1/dead-letters/${id}/replay`, {}, ADMIN);
    if (answer.status === 503) {
      outcomes.push(503);
      answer = await world.post(`/v1/dead-letters/${id}/replay`, {}, ADMIN);
    }
    outcomes.push(answer.body.replayed);
    if (raw === 'garbage') expect((await world.drop(`/v1/dead-letters/${id}`)).status).toBe(200);
  }
  expect(outcomes).toEqual([503, true, true, false, false]);
  expect(await counted()).toBe(2);
  expect((await letters()).map(({ raw }) => raw)).toEqual(['{"ts":']);
});
