/**
 * A queue for each receiver: a few requests at a time, bounded attempts, bounded age, bounded length. A receiver that is slow or gone fills its own queue
 * alone; what does not fit, and what waited too long, is given up, and the event of the intervention is in the log all the same.
 */
import type { Outcome } from './webhook.ts';

export interface Job {
  readonly id: string;
  readonly receiver: string;
  /** When it was decided, epoch ms. */
  readonly atMs: number;
  send(): Promise<Outcome>;
  /** Called once. `attempts`: how many requests were made. */
  finished(fate: Fate, attempts: number, why: string): void;
}

export type Fate = 'delivered' | 'refused' | 'given-up';

export interface Bounds {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** Half of each pause is random, so that receivers that come back are not called all at once. */
  readonly random: () => number;
  /** What a job's end threw, such as a journal on a disk that is full. */
  readonly onError: (error: unknown) => void;
}

/** Jobs of one receiver, those under way included. */
export const MOST_WAITING = 1_000;
const AT_A_TIME = 4;
/** Before each attempt after the first. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000] as const;
/** Since it was decided: a queue of a receiver that is gone is empty after this. */
export const LONGEST_MS = 600_000;

export interface Delivery {
  add(job: Job): void;
  /** Jobs that are not finished. */
  readonly waiting: number;
}

export function createDelivery({ now, sleep, signal, random, onError }: Bounds): Delivery {
  const queues = new Map<string, { readonly jobs: Job[]; running: number }>();
  let waiting = 0;

  async function run(job: Job): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (now() - job.atMs > LONGEST_MS) return end(job, 'given-up', attempt - 1, 'it waited too long');
      const outcome = await job.send();
      // It is sent again by the next process: nothing is known of the answer.
      if (signal.aborted && outcome.kind === 'again') return;
      if (outcome.kind === 'delivered') return end(job, 'delivered', attempt, '');
      if (outcome.kind === 'refused') return end(job, 'refused', attempt, outcome.why);
      const pauseMs = PAUSES_MS[attempt - 1];
      if (pauseMs === undefined) return end(job, 'given-up', attempt, outcome.why);
      await sleep(pauseMs * (0.5 + random() / 2));
      if (signal.aborted) return;
    }
  }

  function end(job: Job, fate: Fate, attempts: number, why: string): void {
    waiting -= 1;
    job.finished(fate, attempts, why);
  }

  function next(receiver: string): void {
    const queue = queues.get(receiver);
    while (queue !== undefined && !signal.aborted && queue.running < AT_A_TIME) {
      const job = queue.jobs.shift();
      if (job === undefined) return;
      queue.running += 1;
      void run(job)
        .catch(onError)
        .finally(() => {
          queue.running -= 1;
          next(receiver);
        });
    }
  }

  return {
    get waiting() {
      return waiting;
    },
    add(job) {
      const queue = queues.get(job.receiver) ?? { jobs: [], running: 0 };
      queues.set(job.receiver, queue);
      waiting += 1;
      if (queue.jobs.length + queue.running >= MOST_WAITING)
        return end(job, 'given-up', 0, `${MOST_WAITING} others wait for this receiver`);
      queue.jobs.push(job);
      next(job.receiver);
    },
  };
}
