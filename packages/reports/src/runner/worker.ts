/** The thread of `runner.ts`: one job at a time, in the order they come. */
import { parentPort } from 'node:worker_threads';
import { compute, type ModelJob } from '@tributary/attribution/models/shared-models';
import { TributaryError } from '@tributary/model/errors';
import type { Reply } from './runner.ts';

function replyTo(number: number, job: ModelJob): Reply {
  try {
    return { number, outcome: compute(job) };
  } catch (error) {
    const { code = null, message } = error as TributaryError;
    return { number, error: { code: error instanceof TributaryError ? code : null, message } };
  }
}

/** With a message before any job it says that all is loaded: see `start`. */
parentPort?.postMessage({ number: 0 } satisfies Reply);
parentPort?.on('message', ({ number, job }: { number: number; job: ModelJob }) => parentPort?.postMessage(replyTo(number, job)));
