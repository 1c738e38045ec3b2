/** Starts the job in a process that has connections already: the worker, and what removes questions that have expired. */
import { sweepQuestions } from '@tributary/archive/asked/questions';
import { isSetId, SET_WORK } from '@tributary/archive/asked/training-sets';
import type { JobWorker } from '@tributary/queue/job-worker';
import { type QuestionWorkerOptions, startQuestionWorker } from '@tributary/queue/question-worker';
import { isTransient } from '@tributary/runtime/error-kinds';
import { answerQuestion } from './answer.ts';
import { setInChild, viewsInChild } from './child/child.ts';
import type { QuestionPorts } from './ports.ts';
import { makeTrainingSet } from './training-set.ts';

/** Questions expire where none is asked, too: those who ask remove them as well. */
const SWEPT_EVERY_MS = 3_600_000;

export interface QuestionJobOptions extends Omit<QuestionWorkerOptions, 'handle' | 'isTransient'> {
  readonly onSweepError: (error: unknown) => void;
}

export async function startQuestions(
  options: QuestionJobOptions,
  ports: Omit<QuestionPorts, 'computeViews'>,
): Promise<JobWorker> {
  const whole = { ...ports, computeViews: viewsInChild, computeSet: setInChild };
  const worker = await startQuestionWorker({
    ...options,
    handle: (id, isLast, signal) =>
      isSetId(id) ? makeTrainingSet({ id, isLast }, whole, signal) : answerQuestion({ id, isLast }, whole, signal),
    isTransient,
  });
  const sweeping = setInterval(() => {
    sweepQuestions(ports.dataDir, ports.now()).catch(options.onSweepError);
    SET_WORK.sweep(ports.dataDir, ports.now()).catch(options.onSweepError);
  }, SWEPT_EVERY_MS).unref();
  return {
    ...worker,
    stop() {
      clearInterval(sweeping);
      return worker.stop();
    },
  };
}
