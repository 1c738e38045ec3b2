/**
 * Which of the runs that wait begins first: by priority, then in the order in which they were asked for. One that is under way is not stopped for
 * another. Runs that bring definitions have the usual priority, so that the definitions that were sent last are in force last.
 */
import { TributaryError } from '@tributary/model/errors';
import type { Job, Queue } from 'bullmq';
import { answered } from './answered.ts';
import type { RunJob } from './jobs.ts';

export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * BullMQ takes the smallest number first, and before all of them jobs that have none: those of an earlier version, and those whose worker was killed.
 */
export const BULL_PRIORITY: Readonly<Record<Priority, number>> = { high: 10, normal: 20, low: 30 };

export function priorityOf({ priority }: Pick<Job, 'priority'>): Priority {
  return PRIORITIES.find((name) => BULL_PRIORITY[name] === priority) ?? 'normal';
}

/** Throws `invalid_query`. */
export function demandOrder(priority: Priority, bringsDefinitions: boolean): void {
  if (!bringsDefinitions || priority === 'normal') return;
  throw new TributaryError(
    'invalid_query',
    `priority must be normal where definitions come with the run (got ${JSON.stringify(priority)}): those that were sent last must be in force last. Leave priority out`,
  );
}

export interface Neighbours {
  /** How many wait. */
  readonly count: number;
  /** Those between which a run of this priority would be put; undefined: none is there. */
  readonly before: Job<RunJob> | undefined;
  readonly after: Job<RunJob> | undefined;
}

/** Reads every run that waits: they are bounded. */
export async function neighboursOf(queue: Queue<RunJob>, priority: Priority): Promise<Neighbours> {
  const lists = await Promise.all(
    (['waiting', 'prioritized'] as const).map((state) => queue.getJobs([state], 0, -1, true)).map(answered),
  );
  // A job may be removed between its name and its data.
  const inOrder = lists.flat().filter((job) => job?.id !== undefined);
  const at = inOrder.findLastIndex((job) => !(job.priority > BULL_PRIORITY[priority]));
  return { count: inOrder.length, before: inOrder[at], after: inOrder[at + 1] };
}
