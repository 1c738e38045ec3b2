/** Questions to the archive on a real Redis: one at a time on all hosts, kept through the death of a worker. */
import { openQuestionQueue, type QuestionQueue } from '@tributary/queue/question-queue';
import { startQuestionWorker } from '@tributary/queue/question-worker';
import { createQueueRig } from '@tributary/testkit/servers/queue-rig';
import { beforeEach, expect, test } from 'vitest';

const rig = createQueueRig();
let queue: QuestionQueue;

beforeEach(() => {
  queue = openQuestionQueue(rig.connect(), rig.namespace);
  rig.stopAfter(() => queue.close());
});

async function startWorker(
  handle: (id: string, isLast: boolean, signal: AbortSignal) => Promise<unknown>,
  redis = rig.connect(),
) {
  const worker = await startQuestionWorker({
    ...{ redis, namespace: rig.namespace, handle, onError: () => {}, onFailed: () => {}, lockMs: 1_000, now: Date.now },
    isTransient: () => true,
  });
  rig.stopAfter(() => worker.stop());
  return worker;
}

const state = (id: string) => queue.state(id);

test('one question at a time is computed by two workers together, and one asked for twice once', async () => {
  const seen: string[] = [];
  let running = 0;
  let most = 0;
  const first = Promise.withResolvers<void>();
  const handle = async (id: string) => {
    most = Math.max(most, ++running);
    seen.push(id);
    if (id === 'q1') await first.promise;
    running--;
  };
  for (const id of ['q1', 'q2', 'q3', 'q1']) await queue.ask(id);
  await startWorker(handle);
  await startWorker(handle);
  await expect.poll(() => state('q1')).toBe('running');
  expect([await state('q2'), await state('q3'), await state('q4')]).toEqual(['waiting', 'waiting', null]);
  await queue.remove('q2');
  await queue.remove('q1');
  expect([await state('q1'), await state('q2')]).toEqual(['running', null]);
  first.resolve();
  await expect.poll(() => state('q3')).toBeNull();
  expect(seen).toEqual(['q1', 'q3']);
  expect(most).toBe(1);
});

test('the question of a worker that died is computed by another one', async () => {
  const redis = rig.connect();
  await startWorker(() => new Promise(() => {}), redis);
  await queue.ask('q1');
  await expect.poll(() => state('q1')).toBe('running');
  redis.disconnect();
  const done = Promise.withResolvers<string>();
  await startWorker(async (id) => done.resolve(id));
  expect(await done.promise).toBe('q1');
});
