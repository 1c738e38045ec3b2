/** The job in a process: a question in the queue is answered by a real child, and a worker that stops takes no other. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createQuestion, readQuestion } from '@tributary/archive/asked/questions';
import { readViewRows } from '@tributary/archive/views';
import { TributaryError } from '@tributary/model/errors';
import { withWindows } from '@tributary/model/other-windows';
import { type QuestionJobOptions, startQuestions } from '@tributary/question/start';
import { openQuestionQueue } from '@tributary/queue/question-queue';
import { createWorld, type World } from '@tributary/recompute/test/world';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const EVENTS = generateEvents(createRandom(5), { events: 60, users: 4, lateChance: 0, duplicateChance: 0 }, DEFINITIONS);
const WIDER = { lookbackDays: 2, windowDays: {} };
const [FIRST, SECOND, THIRD] = ['0abcdefg-00000001', '0abcdefg-00000002', '0abcdefg-00000003'] as const;

let redis: RedisServer;
let world: World;
beforeAll(async () => {
  redis = await startRedis();
  world = await createWorld(DEFINITIONS);
  await world.ingest(EVENTS);
  await world.turn();
  await world.run();
});
afterAll(async () => {
  await world.close();
  await redis.stop();
});

test('law 1: the job answers what the queue holds as the oracle does, in a child; once stopped, it leaves the next one', async () => {
  const connection = connectRedis(redis.url, 'queue', () => {});
  await whenReady(connection, 10_000);
  const errors: unknown[] = [];
  const job = await start(connection, 'tributary', {
    onError: (error) => errors.push(error),
    onFailed: (id, error) => errors.push([id, error]),
    onSweepError: (error) => errors.push(error),
  });
  const queue = openQuestionQueue(connection, 'tributary');
  try {
    await ask(FIRST);
    await queue.ask(FIRST);
    const { views } = await answered(FIRST);
    const rows: RowsByView = new Map();
    for (const view of VIEWS)
      rows.set(view.name, await readViewRows(world.session, world.dataDir, { generation: 1, views }, view));
    expect(differences(rows, naive(EVENTS, withWindows(DEFINITIONS, WIDER, sha256Hex)))).toEqual([]);
    await job.stop();
    await ask(SECOND);
    await queue.ask(SECOND);
    expect([job.isRunning(), job.active(), await queue.state(SECOND)]).toEqual([false, [], 'waiting']);
    expect(errors).toEqual([]);
  } finally {
    await job.stop();
    await queue.close();
    connection.disconnect();
  }
});

test('law 7: a question that fails because a store is away gets no result, and waits for another attempt', async () => {
  const connection = connectRedis(redis.url, 'queue', () => {});
  await whenReady(connection, 10_000);
  const failed = Promise.withResolvers<readonly [string, string, boolean]>();
  const away = () => {
    throw new TributaryError('store_unavailable', 'away for a moment');
  };
  const on = {
    onError: failed.reject,
    onFailed: (id: string, error: Error, isFinal: boolean) => failed.resolve([id, error.message, isFinal]),
    onSweepError: failed.reject,
  };
  const job = await start(connection, 'retried', on, away);
  const queue = openQuestionQueue(connection, 'retried');
  try {
    await ask(THIRD);
    await queue.ask(THIRD);
    expect(await failed.promise).toEqual([THIRD, 'away for a moment', false]);
    expect([(await readQuestion(world.dataDir, THIRD))?.result, await queue.state(THIRD)]).toEqual([null, 'waiting']);
  } finally {
    await job.stop();
    await queue.close();
    connection.disconnect();
  }
});

function start(
  connection: ReturnType<typeof connectRedis>,
  namespace: string,
  on: Pick<QuestionJobOptions, 'onError' | 'onFailed' | 'onSweepError'>,
  newAttempt = () => randomBytes(4).toString('hex'),
) {
  return startQuestions(
    { redis: connection, namespace, now: Date.now, ...on },
    {
      dataDir: world.dataDir,
      program: 'test',
      compareChanged: () => Promise.reject(new Error('nothing is compared')),
      now: Date.now,
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
      newAttempt,
      note: () => {},
      limits: { compute: { memoryMb: 256, threads: 1, shardRows: 1_000, filesPerKind: 8 }, computeTimeoutMs: 60_000 },
    },
  );
}

const ask = (id: string) => createQuestion(world.dataDir, { id, ...WIDER, by: 'test', askedAt: Date.now() });

async function answered(id: string) {
  for (;;) {
    const result = (await readQuestion(world.dataDir, id))?.result ?? null;
    if (result !== null) return result;
    await sleep(25);
  }
}
