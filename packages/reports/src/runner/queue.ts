/** Jobs that wait for the thread of the models: keys take turns, so that one with many jobs is no more in the way than one with few. */
import type { ModelJob, ModelOutcome } from '@tributary/attribution/models/shared-models';

/** Who asks for a model. */
export interface Asker {
  /** Whose share the job has, and whose turn it takes. */
  readonly key: string;
  /** All clients of the answer have left: a job that has not begun is given up. */
  isGone(): boolean;
}

export interface WaitingJob {
  readonly job: ModelJob;
  readonly asker: Asker;
  resolve(outcome: ModelOutcome): void;
  reject(error: Error): void;
}

export interface ModelQueue {
  add(job: WaitingJob): void;
  /** The oldest job of the key whose turn was longest ago. */
  next(): WaitingJob | undefined;
  /** False: it does not wait here any more. */
  remove(job: WaitingJob): boolean;
  /** Whether a job of another key waits. */
  hasOther(key: string): boolean;
}

export function createModelQueue(): ModelQueue {
  /** Keys that wait, in the order of their turns. */
  const byKey = new Map<string, WaitingJob[]>();
  let last: string | null = null;

  return {
    add(job) {
      const own = byKey.get(job.asker.key);
      if (own === undefined) byKey.set(job.asker.key, [job]);
      else own.push(job);
    },
    next() {
      const keys = [...byKey.keys()];
      const key = keys.find((one) => one !== last) ?? keys[0];
      if (key === undefined) return undefined;
      const [job, ...rest] = byKey.get(key) ?? [];
      byKey.delete(key);
      if (rest.length > 0) byKey.set(key, rest);
      last = key;
      return job;
    },
    remove(job) {
      const { key } = job.asker;
      const own = byKey.get(key) ?? [];
      const rest = own.filter((other) => other !== job);
      if (rest.length > 0) byKey.set(key, rest);
      else byKey.delete(key);
      return rest.length < own.length;
    },
    hasOther: (key) => byKey.size > (byKey.has(key) ? 1 : 0),
  };
}
