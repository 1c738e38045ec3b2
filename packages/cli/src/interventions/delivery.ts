/**
 * A queue for each receiver: a few requests at a time, bounded attempts, bounded age, bounded length. A job that pauses before its next attempt holds up
 * none. A receiver that is slow or gone fills its own queue alone; what does not fit, and what waited too long, is given up, and the event of the
 * intervention is in the log all the same.
 */
import type { Outcome } from './webhook.ts';

export interface Job {
  readonly id: string;
  readonly receiver: string;
  /** What it holds in memory. */
  readonly bytes: number;
  /** When it was decided, epoch ms. */
  readonly atMs: number;
  /** `made`: how many requests were made before. */
  send(made: number): Promise<Outcome>;
  /** Called once. `attempts`: how many requests were made. */
  finished(fate: Fate, attempts: number, why: string): void;
}

export type Fate = 'delivered' | 'refused' | 'given-up' | 'erased';

export interface Bounds {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** Half of each pause is random, so that receivers that come back are not called all at once. */
  readonly random: () => number;
  /** What a job's end threw, such as a journal on a disk that is full. */
  readonly onError: (error: unknown) => void;
}

/** Jobs of one receiver, those under way included: as many as may be due at one instant. */
export const MOST_WAITING = 10_000;
/** The same: a line of the output log may have hundreds of KB. One alone may have more. */
export const MOST_BYTES = 8_388_608;
const AT_A_TIME = 8;
/** Before each attempt after the first. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000] as const;
/** While it is not known whether the user is erased, before it is looked again: `LONGEST_MS` at the least, as an API may take to come back. */
const UNKNOWN_PAUSES_MS = [...PAUSES_MS, ...new Array<number>(9).fill(120_000)];
/** Since it was decided: a queue of a receiver that is gone is empty after this. */
export const LONGEST_MS = 600_000;

export interface Delivery {
  add(job: Job): void;
  /** Jobs that are not finished. */
  readonly waiting: number;
}

interface Attempt {
  readonly job: Job;
  /** Requests that were made. */
  readonly made: number;
  /** How often none was made, as it was not known whether it may be. */
  readonly unknown: number;
}

interface Queue {
  readonly due: Attempt[];
  running: number;
  /** Those that pause before their next attempt as well, which hold no slot. */
  jobs: number;
  bytes: number;
}

export function createDelivery({ now, sleep, signal, random, onError }: Bounds): Delivery {
  const queues = new Map<string, Queue>();
  let waiting = 0;

  async function run({ job, made, unknown }: Attempt, queue: Queue): Promise<void> {
    if (now() - job.atMs > LONGEST_MS) return end(job, queue, 'given-up', made, 'it waited too long');
    const outcome = await job.send(made);
    if (outcome.kind === 'delivered') return end(job, queue, 'delivered', made + 1, '');
    // It is sent again by the next process: nothing is known of the answer.
    if (signal.aborted) return;
    if (outcome.kind === 'erased') return end(job, queue, 'erased', made, outcome.why);
    if (outcome.kind === 'refused') return end(job, queue, 'refused', made + 1, outcome.why);
    const then = outcome.kind === 'unknown' ? { job, made, unknown: unknown + 1 } : { job, made: made + 1, unknown };
    const pauseMs = outcome.kind === 'unknown' ? UNKNOWN_PAUSES_MS[unknown] : PAUSES_MS[made];
    if (pauseMs === undefined) return end(job, queue, 'given-up', then.made, outcome.why);
    void sleep(pauseMs * (0.5 + random() / 2)).then(() => {
      queue.due.push(then);
      next(queue);
    });
  }

  function end(job: Job, queue: Queue, fate: Fate, made: number, why: string): void {
    waiting -= 1;
    queue.jobs -= 1;
    queue.bytes -= job.bytes;
    job.finished(fate, made, why);
  }

  function next(queue: Queue): void {
    while (!signal.aborted && queue.running < AT_A_TIME) {
      const attempt = queue.due.shift();
      if (attempt === undefined) return;
      queue.running += 1;
      void run(attempt, queue)
        .catch(onError)
        .finally(() => {
          queue.running -= 1;
          next(queue);
        });
    }
  }

  return {
    get waiting() {
      return waiting;
    },
    add(job) {
      const queue = queues.get(job.receiver) ?? { due: [], running: 0, jobs: 0, bytes: 0 };
      queues.set(job.receiver, queue);
      const { jobs, bytes } = queue;
      waiting += 1;
      queue.jobs += 1;
      queue.bytes += job.bytes;
      if (jobs >= MOST_WAITING || (jobs > 0 && bytes + job.bytes > MOST_BYTES))
        return end(job, queue, 'given-up', 0, `${jobs} others wait for this receiver`);
      queue.due.push({ job, made: 0, unknown: 0 });
      next(queue);
    },
  };
}
