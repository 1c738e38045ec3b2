/**
 * The list of runs, as the queue remembers them: those that wait, the one under way, and the newest that ended. A scheduled run that found
 * nothing new is not remembered: there is one every few minutes where nothing happens, and what it leaves is in the data folder.
 */
import type { Job, Queue } from 'bullmq';
import { answered } from './answered.ts';
import type { Cancelled, Fates } from './fate.ts';
import type { RunJob } from './jobs.ts';
import { type Priority, priorityOf } from './priority.ts';

/** How many of those that ended well are remembered, and how many of those that failed. */
export const REMEMBERED_RUNS = 200;
/** Runs that wait, at most: each computes all that the ones before it left. */
export const MOST_WAITING = 100;

/** How many who joined a run are remembered: the newest. */
export const MOST_JOINED = 20;

export type RunState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface RunRecord {
  readonly id: string;
  /** A failed one stays failed. One that waits for another attempt is `waiting`. */
  readonly state: RunState;
  readonly mode: RunJob['mode'];
  /** `schedule`, or who asked. */
  readonly reason: string;
  readonly scheduled: boolean;
  readonly promotion: NonNullable<RunJob['promotion']> | null;
  readonly priority: Priority;
  /** Definitions came with it. */
  readonly bringsDefinitions: boolean;
  readonly queuedAt: number;
  /** When its newest attempt began; null: none did. */
  readonly beganAt: number | null;
  readonly endedAt: number | null;
  /** How often it was begun. */
  readonly attempts: number;
  /** Which generation it makes. Where it found nothing new: the one after which nothing came. null: not known yet. */
  readonly generation: number | null;
  /** What became of its generation, or `nothing_new`; null: it did not end well, or not yet. */
  readonly outcome: string | null;
  /** Why its generation waits for somebody; null: it does not. */
  readonly stagedBecause: string | null;
  /** Events of its generation, and how many of them are new or were repetitions; null as `outcome`. */
  readonly counts: { readonly events: number; readonly newEvents: number; readonly duplicates: number } | null;
  /** Why its newest attempt failed; null: it did not. */
  readonly failure: string | null;
  /** Who cancelled it, and why; null: it was not. One that was is `cancelled` at once, though its work may end a moment later. */
  readonly cancelled: Omit<Cancelled, 'fate'> | null;
  /** Who else asked for it before it began. Absent: no one did, or it ended otherwise than by a cancel. */
  readonly joinedBy?: readonly string[];
  /** How far it is; null: it does not say. */
  readonly progress: RunProgress | null;
}

/** What a run says of itself while it is under way. */
export interface RunProgress {
  readonly stage?: 'cutting' | 'computing' | 'publishing';
  /** Archived events that it reads. */
  readonly rows?: number;
  /** By earlier runs of its mode: how long from `cutAt` until its views are computed, ms; null: too few are known. */
  readonly expectedMs?: number | null;
  /** When its generation was cut, epoch ms. */
  readonly cutAt?: number;
  /** How far a run is that several processes compute; absent: one does. */
  readonly shards?: { readonly done: number; readonly total: number };
}

interface Ended {
  readonly cancelled?: Cancelled;
  readonly generation?: number;
  readonly published?: string;
  readonly stagedBecause?: string;
  readonly counts?: NonNullable<RunRecord['counts']>;
}

const STATES = ['active', 'waiting', 'prioritized', 'delayed', 'waiting-children', 'completed', 'failed'] as const;
const STATE: Readonly<Record<string, RunState>> = {
  active: 'running',
  waiting: 'waiting',
  prioritized: 'waiting',
  delayed: 'waiting',
  'waiting-children': 'waiting',
  completed: 'done',
  failed: 'failed',
};

/** Newest first. Costs one read of each job that is remembered, at most 2 × REMEMBERED_RUNS and those that wait. */
export async function listRuns(queue: Queue<RunJob>, fates: Fates): Promise<RunRecord[]> {
  const lists = await Promise.all(
    STATES.map(async (state) => {
      const jobs = await answered(queue.getJobs([state], 0, REMEMBERED_RUNS - 1));
      // A job may be removed between its name and its data.
      return jobs.filter((job) => job?.id !== undefined && !isToCome(job)).map((job) => recordOf(job, STATE[state] ?? 'waiting'));
    }),
  );
  // One that moved on between two lists is in both: the later state counts.
  const byId = new Map(lists.flat().map((record) => [record.id, record]));
  const records = await withJoined(queue, await withFates([...byId.values()], fates));
  return records.sort((a, b) => b.queuedAt - a.queuedAt || (a.id < b.id ? 1 : -1));
}

/** null: the queue does not know it, or not any more. */
export async function findRun(queue: Queue<RunJob>, fates: Fates, id: string): Promise<RunRecord | null> {
  // The state before the job: asked for after it, a job that ends in between would be completed and without a result.
  const state = STATE[await answered(queue.getJobState(id))];
  const job = await answered(queue.getJob(id));
  if (job === undefined || state === undefined) return null;
  const [record] = await withJoined(queue, await withFates([recordOf(job, state)], fates));
  return record ?? null;
}

/** One that is cancelled is so from then on, though no worker has noticed it yet. */
async function withFates(records: readonly RunRecord[], fates: Fates): Promise<RunRecord[]> {
  const open = records.filter(({ state }) => state === 'waiting' || state === 'running').map(({ id }) => id);
  const decided = await fates.read(open);
  const cancelled = new Map(open.map((id, i) => [id, decided[i]]));
  return records.map((record) => {
    const fate = cancelled.get(record.id);
    return fate?.fate === 'cancelled' ? { ...record, state: 'cancelled', cancelled: said(fate), failure: null } : record;
  });
}

/** Only those that somebody may still cancel, or has cancelled: it is one read more of each. */
function withJoined(queue: Queue<RunJob>, records: readonly RunRecord[]): Promise<RunRecord[]> {
  return Promise.all(
    records.map(async (record) => {
      if (record.scheduled || record.state === 'done' || record.state === 'failed') return record;
      const { logs } = await answered(queue.getJobLogs(record.id, 0, MOST_JOINED - 1));
      const others = new Set(logs.filter((by) => record.reason !== `demand by ${by}`));
      return others.size === 0 ? record : { ...record, joinedBy: [...others] };
    }),
  );
}

function said({ by, why, at }: Cancelled): NonNullable<RunRecord['cancelled']> {
  return { by, why, at };
}

/** The next run of a schedule lies in the queue until its time comes. */
function isToCome(job: Job): boolean {
  return job.repeatJobKey !== undefined && job.processedOn === undefined && job.delay > 0;
}

function recordOf(job: Job<RunJob>, state: RunState): RunRecord {
  const { mode, reason, scheduled, promotion, definitions, begun } = job.data;
  const ended = state === 'done' ? ((job.returnvalue ?? {}) as Ended) : {};
  return {
    id: job.id ?? '',
    state: ended.cancelled === undefined ? state : 'cancelled',
    mode,
    reason,
    scheduled,
    promotion: promotion ?? null,
    priority: priorityOf(job),
    bringsDefinitions: definitions !== null,
    // A scheduled run was added before it was due.
    queuedAt: job.timestamp + job.delay,
    beganAt: job.processedOn ?? null,
    endedAt: job.finishedOn ?? null,
    attempts: Math.max(job.attemptsMade, job.attemptsStarted ?? 0),
    generation: ended.generation ?? begun?.generation ?? null,
    outcome: ended.cancelled === undefined ? (ended.published ?? null) : null,
    stagedBecause: ended.stagedBecause ?? null,
    cancelled: ended.cancelled === undefined ? null : said(ended.cancelled),
    counts: ended.counts ?? null,
    // The reason of an attempt stays with the job when the next one succeeds.
    failure: state === 'done' ? null : (job.failedReason ?? null),
    progress: state === 'running' && typeof job.progress === 'object' ? (job.progress as RunProgress) : null,
  };
}
