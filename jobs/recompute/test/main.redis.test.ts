/** The real process, beside the real archiver and speed worker on a real Redis: killed in the middle, it goes on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createQuestion, readComparison, readQuestion } from '@tributary/archive/asked/questions';
import { openDuckDb } from '@tributary/archive/duckdb';
import { readGeneration } from '@tributary/archive/generations';
import { currentPublication, readPublications } from '@tributary/archive/publications';
import { readViewRows } from '@tributary/archive/views';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, dayOf } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { openQuestionQueue } from '@tributary/queue/question-queue';
import { openRecomputeQueue } from '@tributary/queue/recompute-queue';
import type { ChangedReport } from '@tributary/recompute/reconcile/compare-definitions';
import type { Reconciliation } from '@tributary/recompute/reconcile/report';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PARTITIONS = 2;
const DEFINITIONS = definitionsOf({});
let redis: RedisServer;
let dataDir: string;
const children = new Set<ChildProcess>();
const connections: { disconnect(): void }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-recompute-main-'));
});
afterAll(async () => {
  await Promise.all([...children].map((child) => stop(child, 'SIGKILL')));
  for (const connection of connections) connection.disconnect();
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(entry: string, extra: Record<string, string> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, [entry], {
    cwd: ROOT,
    env: {
      ...process.env,
      TRIBUTARY_REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_PARTITIONS: String(PARTITIONS),
      TRIBUTARY_LOG_LEVEL: 'warn',
      ...extra,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.add(child);
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${entry} ended with ${code} before it was ready`))),
  ]);
  return child;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
  return child.exitCode;
}

const startRecompute = () =>
  start('jobs/recompute/src/main.ts', { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_BATCH_MEMORY_MB: '256' });

async function connect(kind: 'commit' | 'blocking' | 'serving' | 'queue') {
  const connection = connectRedis(redis.url, kind, () => {});
  connections.push(connection);
  await whenReady(connection, 10_000);
  return connection;
}

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 90 s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function events(from: number, count: number, nowMs: number): Event[] {
  return Array.from({ length: count }, (_, i) => ({
    ts: nowMs - (count - i) * 1_000,
    type: i % 5 === 4 ? 'purchase' : 'ad_click',
    id: `e${from + i}`,
    userId: `user ${(from + i) % 17}`,
    receivedAt: nowMs,
    source: 'test',
    channel: `channel ${i % 3}`,
    ...(i % 5 === 4 && { value: 100 + i, currency: 'EUR' }),
  }));
}

test('law 3 and 6: kill -9 of the coordinator while its child computes: one publication, every event once; SIGTERM ends with 0', async () => {
  await start('services/speed/src/main.ts');
  await start('services/archiver/src/main.ts');
  let recompute = await startRecompute();
  const log = await openRedisStreamLog({
    commands: await connect('commit'),
    blocking: await connect('blocking'),
    namespace: 'tributary',
    partitions: PARTITIONS,
    now: Date.now,
  });
  const queue = openRecomputeQueue(await connect('queue'), 'tributary');
  const serving = createServingStore(await connect('serving'), 'tributary', PARTITIONS, VIEWS);
  const ingest = async (batch: readonly Event[]) => {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const lines = batch.filter((event) => partitionOf(userKeyOf(event), PARTITIONS) === partition).map(encodeEvent);
      await log.append(partition, { kind: 'events', body: lines.join('\n') });
    }
  };

  const first = events(0, 500, Date.now());
  await ingest(first);
  await queue.requestRun({ mode: 'incremental', by: 'test' });
  await until('the first generation', async () => (await currentPublication(dataDir))?.generation === 1);

  const second = [...events(500, 500, Date.now()), ...first.slice(0, 50)];
  await ingest(second);
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'test' });
  // The child of the second generation is at work as soon as its folder in staging is there.
  await until('the child', async () => (await readdir(join(dataDir, 'staging'))).some((name) => name.startsWith('recompute-2-')));
  await stop(recompute, 'SIGKILL');
  recompute = await startRecompute();
  await until('the second generation', async () => (await queue.status(jobId))?.state === 'completed');

  expect((await readPublications(dataDir)).map(({ generation }) => generation)).toEqual([1, 2]);
  expect(await serving.pointer()).toEqual({ sequence: 2, generation: 2 });
  const manifest = await readGeneration(dataDir, 2);
  expect(manifest.counts).toEqual({ events: 1_000, newEvents: 500, duplicates: 50 });
  const session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir: join(dataDir, 'spill') });
  const rows: RowsByView = new Map();
  for (const view of VIEWS) rows.set(view.name, await readViewRows(session, dataDir, manifest, view));
  await session.close();
  expect(differences(rows, naive([...first, ...second], DEFINITIONS))).toEqual([]);
  expect(JSON.parse(await readFile(join(dataDir, 'generations/000002/reconciliation.json'), 'utf8'))).toMatchObject({
    comparedWith: 1,
    equal: true,
  });

  // What a correction would change, asked of the same processes: killed while it is computed, it is begun again, and is what the run then finds.
  const day = (days: number) => dayOf(Date.now() + days * DAY_MS);
  const corrected = definitionsOf({
    corrections: [
      {
        ...{ name: 'renamed', when: 'channel == "channel 1"', set: { channel: 'channel 2' } },
        ...{ from: day(-2), to: day(2), author: 'ada', reason: 'misspelt' },
      },
    ],
  });
  const id = '0abcdefg-00000001';
  const asked = { id, lookbackDays: null, windowDays: {}, definitions: corrected.json, definitionsVersion: corrected.version };
  await createQuestion(dataDir, { ...asked, by: 'test', askedAt: Date.now() });
  const questions = openQuestionQueue(await connect('queue'), 'tributary');
  await questions.ask(id);
  await until('the child', async () =>
    (await readdir(join(dataDir, 'staging'))).some((name) => name.startsWith(`question-${id}`)),
  );
  await stop(recompute, 'SIGKILL');
  expect((await readQuestion(dataDir, id))?.result).toBeNull();
  recompute = await startRecompute();
  const result = await until('the comparison', async () => (await readQuestion(dataDir, id))?.result);
  expect(result).toMatchObject({ generation: 2, failure: null, definitionsVersion: corrected.version });
  const compared = (await readComparison(dataDir, id, result.comparison ?? '')) as ChangedReport;
  expect(compared.corrections).toEqual([{ name: 'renamed', before: 0, after: expect.any(Number) }]);
  expect((await currentPublication(dataDir))?.generation).toBe(2);
  const brings = await queue.requestRun({ mode: 'incremental', by: 'test', definitions: corrected.json });
  await until('the third generation', async () => (await queue.status(brings.jobId))?.state === 'completed');
  const found = JSON.parse(await readFile(join(dataDir, 'generations/000003/reconciliation.json'), 'utf8')) as Reconciliation;
  expect(JSON.parse(JSON.stringify(compared.views))).toEqual(found.views);
  expect(compared.corrections).toEqual(found.because.corrections);
  expect(await stop(recompute, 'SIGTERM')).toBe(0);
  await Promise.all([queue.close(), questions.close()]);
  await log.close();
});
