/** The queue of questions to the archive: one is computed at a time, on all hosts together. What came of it is in the data folder. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { answered } from './answered.ts';
import { ATTEMPTS, queuePrefix, RETRY_DELAY_MS } from './jobs.ts';

/** The id of a question in the data folder, which holds the rest. */
export interface QuestionJob {
  readonly id: string;
}

export const QUESTIONS = 'questions';

export interface QuestionQueue {
  ask(id: string): Promise<void>;
  /** null: the queue does not have it, or not any more. */
  state(id: string): Promise<'waiting' | 'running' | null>;
  /** Takes it out if it waits; one that runs finds out by itself. */
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

/** `redis`: a connection of the kind `queue`, which stays the caller's. */
export function openQuestionQueue(redis: Redis, namespace: string): QuestionQueue {
  const queue = new Queue<QuestionJob>(QUESTIONS, { connection: redis, prefix: queuePrefix(namespace) });
  queue.on('error', () => {
    // The connection reports its errors to its owner; without a listener here they would end the process.
  });
  async function stateOf(id: string): Promise<'waiting' | 'running' | null> {
    const state = await answered(queue.getJobState(id));
    if (state === 'active') return 'running';
    return state === 'waiting' || state === 'delayed' || state === 'prioritized' ? 'waiting' : null;
  }

  return {
    async ask(id) {
      const backoff = { type: 'fixed', delay: RETRY_DELAY_MS };
      await answered(
        queue.add('question', { id }, { jobId: id, attempts: ATTEMPTS, backoff, removeOnComplete: true, removeOnFail: true }),
      );
    },
    state: stateOf,
    async remove(id) {
      if ((await stateOf(id)) !== 'waiting') return;
      // It may have begun in between: then it is locked, and sees by itself that it was cancelled.
      await answered(queue.remove(id).catch(() => 0));
    },
    close: () => queue.close(),
  };
}
