/** The asking side of the queue: the API and the command line put runs in, the recompute job keeps its schedule here. */
import { randomBytes } from 'node:crypto';
import { TributaryError } from '@tributary/model/errors';
import { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { answered } from './answered.ts';
import { repeatStrategy } from './cron.ts';
import { type Cancelled, openFates } from './fate.ts';
import { ATTEMPTS, type JobTemplateOptions, QUEUE, queuePrefix, RETRY_DELAY_MS, type RunJob } from './jobs.ts';
import { BULL_PRIORITY, demandOrder, neighboursOf, type Priority } from './priority.ts';
import { findRun, listRuns, MOST_JOINED, MOST_WAITING, REMEMBERED_RUNS, type RunRecord } from './run-records.ts';
import { openSchedules, type Schedules } from './schedules.ts';

export interface RunDemand {
  readonly mode: 'incremental' | 'full';
  /** Canonical JSON of new definitions; absent: those in force. */
  readonly definitions?: string;
  /** When readers get what is computed; absent: at once. */
  readonly promotion?: NonNullable<RunJob['promotion']>;
  /** Absent: normal. */
  readonly priority?: Priority;
  readonly by: string;
}

export interface AskedRun {
  readonly jobId: string;
  /** It was asked for before, by somebody. */
  readonly joined: boolean;
}

export interface Retried {
  readonly run: RunRecord;
  readonly asked: AskedRun | null;
}

export interface RecomputeQueue {
  /**
   * Where the run right before or behind its place among those that wait is an equal one, it serves for this one too: it computes all that came by now.
   * It gets the higher priority of the two. Rejects with `invalid_query` for a priority that definitions cannot have.
   */
  requestRun(demand: RunDemand): Promise<AskedRun>;
  /**
   * Asks for a run because as many late events are pending; it does not publish over a rollback. Resolves with whether it was asked for: not where that
   * was less than PENDING_RUN_EVERY_MS ago, by whichever worker.
   */
  requestForPending(pending: number): Promise<boolean>;
  readonly schedules: Schedules;
  /** Jobs by state: waiting, active, delayed, failed, … */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** The state of one job; null when it is unknown (or long done). */
  status(jobId: string): Promise<JobStatus | null>;
  /** One run; null when it is unknown (or long done). */
  run(id: string): Promise<RunRecord | null>;
  /**
   * Cancels a run that waits or is under way, for good: it will not publish. Resolves with the run as it is then: where its state is not
   * `cancelled`, it came too late. null: it is unknown.
   */
  cancel(id: string, said: Omit<Cancelled, 'fate'>): Promise<RunRecord | null>;
  /**
   * Asks again for what a run asked for that failed for good or was cancelled, its definitions included, as a new one. `asked` is null where the run is
   * neither. null: it is unknown.
   */
  retry(id: string, by: string): Promise<Retried | null>;
  /** Newest first, bounded. */
  runs(): Promise<RunRecord[]>;
  close(): Promise<void>;
}

export interface JobStatus {
  readonly state: string;
  /** Why its latest attempt failed; null where none did, or a later one completed it. */
  readonly failure: string | null;
  readonly result: unknown;
  /** How far a run is that several processes compute; null when one does. */
  readonly shards: { readonly done: number; readonly total: number } | null;
}

/** A run that fails, or that leaves as many events pending, is not asked for again at once, ms. */
export const PENDING_RUN_EVERY_MS = 10 * 60_000;

const JOB_OPTIONS: JobTemplateOptions = {
  attempts: ATTEMPTS,
  priority: BULL_PRIORITY.normal,
  backoff: { type: 'fixed', delay: RETRY_DELAY_MS },
  removeOnComplete: { count: REMEMBERED_RUNS },
  removeOnFail: { count: REMEMBERED_RUNS },
};

/** `redis`: a connection of the kind `queue`, which stays the caller's. */
export function openRecomputeQueue(redis: Redis, namespace: string): RecomputeQueue {
  const queue = new Queue<RunJob>(QUEUE, { connection: redis, prefix: queuePrefix(namespace), settings: { repeatStrategy } });
  queue.on('error', () => {
    // The connection reports its errors to its owner; without a listener here they would end the process.
  });

  const fates = openFates(redis, namespace);

  async function add(data: RunJob, priority: Priority, waiting: number): Promise<{ jobId: string }> {
    if (waiting >= MOST_WAITING)
      throw new TributaryError(
        'conflict',
        `runs that wait must be fewer than ${MOST_WAITING} (got ${waiting}). See "tributary batch runs", and whether the recompute role runs`,
      );
    const jobId = `${data.action}-${randomBytes(6).toString('hex')}`;
    await answered(queue.add(data.action, data, { ...JOB_OPTIONS, jobId, priority: BULL_PRIORITY[priority] }));
    return { jobId };
  }

  /** One of these two that is as `data`, of any client. Others are not: what comes between them and this one may bring other definitions. */
  async function equalRun(data: RunJob, neighbours: readonly (Job<RunJob> | undefined)[]): Promise<Job<RunJob> | null> {
    const equal = neighbours.filter((job) => job !== undefined).filter((job) => isEqualRun(job.data, data));
    const decided = await fates.read(equal.map(({ id = '' }) => id));
    return equal.find((_, i) => decided[i]?.fate !== 'cancelled') ?? null;
  }

  /** Who joins stands in the job's log: who cancels it sees for whom else it was. False: the job has gone meanwhile. */
  function join(jobId: string, by: string): Promise<boolean> {
    return answered(
      Job.addJobLog(queue, jobId, by, MOST_JOINED).then(
        () => true,
        async (cause: unknown) => {
          if ((await queue.getJob(jobId)) !== undefined) throw cause;
          return false;
        },
      ),
    );
  }

  async function requestRun({ mode, definitions, promotion, priority = 'normal', by }: RunDemand): Promise<AskedRun> {
    demandOrder(priority, definitions !== undefined);
    const data: RunJob = {
      action: 'run',
      mode,
      reason: `demand by ${by}`,
      scheduled: false,
      definitions: definitions ?? null,
      ...(promotion !== undefined && { promotion }),
      begun: null,
    };
    const { count, before, after } = await neighboursOf(queue, priority);
    const equal = await equalRun(data, [before, after]);
    if (equal?.id === undefined || !(await join(equal.id, by))) return { ...(await add(data, priority, count)), joined: false };
    if (equal === after) await answered(equal.changePriority({ priority: BULL_PRIORITY[priority] }));
    return { jobId: equal.id, joined: true };
  }

  return {
    requestRun,
    async requestForPending(pending) {
      const jobId = `run-${randomBytes(6).toString('hex')}`;
      const reason = `schedule, as ${pending} late events were pending`;
      const data: RunJob = { action: 'run', mode: 'incremental', reason, scheduled: true, definitions: null, begun: null };
      const deduplication = { id: 'pending', ttl: PENDING_RUN_EVERY_MS };
      // BullMQ answers with the job that there is, where one was added within that time.
      return (await answered(queue.add('run', data, { ...JOB_OPTIONS, jobId, deduplication }))).id === jobId;
    },
    schedules: openSchedules(redis, namespace, queue, JOB_OPTIONS),
    counts: () => answered(queue.getJobCounts()),
    async status(jobId) {
      // The state before the job: asked for after it, a job that ends in between would be completed and without a result.
      const state = await answered(queue.getJobState(jobId));
      const job = await answered(queue.getJob(jobId));
      if (job === undefined) return null;
      const { shards = null } = job.progress as { readonly shards?: NonNullable<JobStatus['shards']> };
      // The reason of an attempt stays with the job when the next one succeeds.
      const failure = state === 'completed' ? null : (job.failedReason ?? null);
      return { state: state === 'prioritized' ? 'waiting' : state, failure, result: job.returnvalue ?? null, shards };
    },
    run: (id) => findRun(queue, fates, id),
    runs: () => listRuns(queue, fates),
    async cancel(id, { by, why, at }) {
      const run = await findRun(queue, fates, id);
      if (run === null || (run.state !== 'waiting' && run.state !== 'running')) return run;
      const fate = await fates.decide(id, { fate: 'cancelled', by, why, at });
      const now = (await findRun(queue, fates, id)) ?? run;
      // One that ended a moment ago may have been forgotten by now: what was decided counts.
      return fate.fate === 'cancelled' && now.state !== 'done'
        ? { ...now, state: 'cancelled', cancelled: { by: fate.by, why: fate.why, at: fate.at } }
        : now;
    },
    async retry(id, by) {
      const run = await findRun(queue, fates, id);
      const job = await answered(queue.getJob(id));
      if (run === null || job === undefined) return null;
      if (run.state !== 'failed' && run.state !== 'cancelled') return { run, asked: null };
      const { mode, definitions, promotion } = job.data;
      const more = { ...(definitions !== null && { definitions }), ...(promotion !== undefined && { promotion }) };
      return { run, asked: await requestRun({ mode, by, priority: run.priority, ...more }) };
    },
    close: () => queue.close(),
  };
}

function isEqualRun(one: RunJob, other: RunJob): boolean {
  const asked = ({ mode, scheduled, definitions, promotion, begun }: RunJob) => [
    mode,
    scheduled,
    definitions,
    promotion ?? null,
    begun,
  ];
  return JSON.stringify(asked(one)) === JSON.stringify(asked(other));
}
