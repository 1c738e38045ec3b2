/**
 * Schedules by name. What was set is a hash in Redis, the one place that says which there are; BullMQ's job schedulers follow it
 * (`follow`), so that a process which died between the two leaves nothing that the next one does not correct.
 */
import { TributaryError } from '@tributary/model/errors';
import { LONGEST_SCHEDULE_MS, SHORTEST_SCHEDULE_MS } from '@tributary/model/schedule-bounds';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { answered } from './answered.ts';
import { nextOfCron } from './cron.ts';
import { type JobTemplateOptions, queuePrefix, type RunJob } from './jobs.ts';

export const DEFAULT_SCHEDULE = 'default';
export const MOST_SCHEDULES = 16;
/** With `catchUp: skip`, a run that begins later than this after its time is left out, ms. */
export const SKIPPED_AFTER_MS = 10 * 60_000;

export interface Timing {
  /** ms; null: by `cron`. */
  readonly everyMs: number | null;
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron: string | null;
  /** An IANA name, for `cron`. */
  readonly timeZone: string;
}

export interface Schedule extends Timing {
  readonly mode: RunJob['mode'];
  /** null: readers get it at once. */
  readonly promotion: NonNullable<RunJob['promotion']> | null;
  /** After a time without a worker: one run at once, or none before the next one is due. */
  readonly catchUp: 'once' | 'skip';
  readonly isPaused: boolean;
  /** `TRIBUTARY_BATCH_EVERY_MS`, or who set it. */
  readonly by: string;
  /** Epoch ms. */
  readonly at: number;
}

export interface NamedSchedule extends Schedule {
  readonly name: string;
  /** The next three instants at which a run is due, epoch ms; empty while it is paused. */
  readonly next: readonly number[];
  /** When a run of it last ended well, epoch ms; null: not yet, or Redis forgot it. */
  readonly lastDoneAt: number | null;
}

export const BY_SETTING = 'TRIBUTARY_BATCH_EVERY_MS';

export interface Schedules {
  list(nowMs: number): Promise<NamedSchedule[]>;
  /** Sets it, whatever it was. Rejects with `invalid_query`, and with `conflict` where there are too many. */
  set(name: string, schedule: Schedule): Promise<void>;
  /** Rejects with `not_found`. Done once, however often it is asked. */
  pause(name: string, isPaused: boolean, said: Pick<Schedule, 'by' | 'at'>): Promise<void>;
  /** Rejects with `not_found`, and with `conflict` for the default one, which the setting would bring back. */
  remove(name: string): Promise<void>;
  /** What the setting of a worker says: it counts until somebody sets or pauses the default schedule. Resolves with what is in force instead. */
  seed(everyMs: number, nowMs: number): Promise<{ readonly insteadOf: Schedule | null; readonly isUsed: boolean }>;
  /**
   * Makes BullMQ's schedulers what is set. Where the default schedule is gone, as from a Redis that was emptied, what the setting says of it is set
   * again; resolves with whether it was.
   */
  follow(everyMs: number, nowMs: number): Promise<boolean>;
  done(name: string, atMs: number): Promise<void>;
}

export function openSchedules(redis: Redis, namespace: string, queue: Queue<RunJob>, opts: JobTemplateOptions): Schedules {
  const key = `${queuePrefix(namespace)}:schedules`;
  const doneKey = `${key}:done`;

  async function all(): Promise<Map<string, Schedule>> {
    const stored = await answered(redis.hgetall(key));
    return new Map(Object.entries(stored).map(([name, text]) => [name, JSON.parse(text) as Schedule]));
  }

  async function known(name: string): Promise<Schedule> {
    const schedule = (await all()).get(name);
    if (schedule !== undefined) return schedule;
    throw new TributaryError('not_found', `schedule ${JSON.stringify(name)} does not exist: see GET /v1/schedules`);
  }

  async function store(name: string, schedule: Schedule): Promise<void> {
    await answered(redis.hset(key, name, JSON.stringify(schedule)));
    await follow();
  }

  async function follow(): Promise<void> {
    const wanted = new Map([...(await all())].filter(([, { isPaused }]) => !isPaused));
    const there = await answered(queue.getJobSchedulers(0, 4 * MOST_SCHEDULES));
    for (const scheduler of there) if (!wanted.has(scheduler.key)) await answered(queue.removeJobScheduler(scheduler.key));
    for (const [name, schedule] of wanted) {
      const scheduler = there.find((one) => one.key === name);
      const data = jobOf(name, schedule);
      const isSame =
        (scheduler?.every ?? null) === schedule.everyMs &&
        (scheduler?.pattern ?? null) === schedule.cron &&
        (schedule.cron === null || scheduler?.tz === schedule.timeZone) &&
        // An earlier version gave its jobs none, so that they went before all others.
        scheduler?.template?.opts?.priority === opts.priority &&
        JSON.stringify(scheduler?.template?.data) === JSON.stringify(data);
      if (!isSame) await answered(queue.upsertJobScheduler(name, repeatOf(schedule), { name: 'run', data, opts }));
    }
  }

  return {
    async follow(everyMs, nowMs) {
      const isBack =
        everyMs > 0 && (await answered(redis.hsetnx(key, DEFAULT_SCHEDULE, JSON.stringify(ofSetting(everyMs, nowMs))))) === 1;
      await follow();
      return isBack;
    },
    async list(nowMs) {
      const done = await answered(redis.hgetall(doneKey));
      const named = [...(await all())].sort(([a], [b]) => (a < b ? -1 : 1));
      return Promise.all(
        named.map(async ([name, schedule]) => ({
          ...schedule,
          name,
          next: schedule.isPaused ? [] : await nextOf(name, schedule, nowMs),
          lastDoneAt: Object.hasOwn(done, name) ? Number(done[name]) : null,
        })),
      );
    },
    async set(name, schedule) {
      demandSchedule(name, schedule);
      const others = [...(await all()).keys()].filter((other) => other !== name).length;
      if (others >= MOST_SCHEDULES)
        throw new TributaryError('conflict', `schedules must be at most ${MOST_SCHEDULES} (got ${others + 1}). Remove one first`);
      await store(name, schedule);
    },
    async pause(name, isPaused, said) {
      const schedule = await known(name);
      if (schedule.isPaused !== isPaused) await store(name, { ...schedule, ...said, isPaused });
    },
    async remove(name) {
      await known(name);
      if (name === DEFAULT_SCHEDULE)
        throw new TributaryError('conflict', `schedule default must stay, as ${BY_SETTING} brings it back. Pause it`);
      await answered(redis.hdel(key, name));
      await answered(redis.hdel(doneKey, name));
      await follow();
    },
    async seed(everyMs, nowMs) {
      const before = (await all()).get(DEFAULT_SCHEDULE) ?? null;
      if (before !== null && before.by !== BY_SETTING) {
        await follow();
        return { insteadOf: before, isUsed: false };
      }
      if (everyMs === 0) await answered(redis.hdel(key, DEFAULT_SCHEDULE));
      else if (before?.everyMs !== everyMs)
        await answered(redis.hset(key, DEFAULT_SCHEDULE, JSON.stringify(ofSetting(everyMs, nowMs))));
      await follow();
      return { insteadOf: before, isUsed: true };
    },
    done: async (name, atMs) => void (await answered(redis.hset(doneKey, name, String(atMs)))),
  };

  async function nextOf(name: string, schedule: Schedule, nowMs: number): Promise<number[]> {
    const planned = (await answered(queue.getJobScheduler(name)))?.next;
    const next = planned === undefined || planned < nowMs ? nextAfter(schedule, nowMs) : planned;
    const second = nextAfter(schedule, next);
    return [next, second, nextAfter(schedule, second)];
  }
}

function ofSetting(everyMs: number, at: number): Schedule {
  const timing = { everyMs, cron: null, timeZone: 'UTC' };
  return { ...timing, mode: 'incremental', promotion: null, catchUp: 'once', isPaused: false, by: BY_SETTING, at };
}

function repeatOf({ everyMs, cron, timeZone }: Timing) {
  return everyMs === null ? { pattern: cron ?? '', tz: timeZone } : { every: everyMs };
}

function jobOf(name: string, { mode, promotion, catchUp }: Schedule): RunJob {
  return {
    action: 'run',
    mode,
    reason: reasonOf(name),
    scheduled: true,
    definitions: null,
    ...(promotion !== null && { promotion }),
    schedule: name,
    ...(catchUp === 'skip' && { catchUp }),
    begun: null,
  };
}

/** The default one as before there were others: what manifests and publications say stays the same. */
export function reasonOf(name: string): string {
  return name === DEFAULT_SCHEDULE ? 'schedule' : `schedule ${name}`;
}

/** The first instant after `ms` at which a run is due, epoch ms. */
export function nextAfter({ everyMs, cron, timeZone }: Timing, ms: number): number {
  if (everyMs !== null) return ms + everyMs;
  const next = nextOfCron(ms, cron ?? '', timeZone);
  if (next === undefined) throw new Error(`"${cron}" never comes`);
  return next;
}

/** Throws `invalid_query` for a name that is none, and for times that never come. */
export function demandSchedule(name: string, schedule: Schedule): void {
  demandName(name);
  demandTiming(schedule, schedule.at);
}

function demandName(name: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return;
  throw new TributaryError(
    'invalid_query',
    `the name of a schedule must be 1 to 32 of a-z, 0-9 and "-", not "-" first (got ${JSON.stringify(name)}). Choose another one`,
  );
}

function demandTiming(timing: Timing, nowMs: number): void {
  const { everyMs, cron, timeZone } = timing;
  if ((everyMs === null) === (cron === null))
    throw new TributaryError(
      'invalid_query',
      `everyMs or cron must be given, and not both (got ${JSON.stringify({ everyMs, cron })}). Leave one out`,
    );
  if (everyMs !== null && !(Number.isInteger(everyMs) && everyMs >= SHORTEST_SCHEDULE_MS && everyMs <= LONGEST_SCHEDULE_MS))
    throw new TributaryError(
      'invalid_query',
      `everyMs must be a whole number from ${SHORTEST_SCHEDULE_MS} to ${LONGEST_SCHEDULE_MS} (got ${everyMs}). Correct it`,
    );
  if (!isTimeZone(timeZone))
    throw new TributaryError(
      'invalid_query',
      `timeZone must be an IANA name such as Europe/Berlin (got ${JSON.stringify(timeZone)}). Correct it`,
    );
  if (cron === null) return;
  // The library draws another time for H at each look.
  if (cron.trim().split(/\s+/).length !== 5 || /(?<![a-z])h/i.test(cron) || !comes(timing, nowMs))
    throw new TributaryError(
      'invalid_query',
      `cron must be five fields that a time comes for: minute, hour, day of the month, month, day of the week, such as "30 3 * * 1" (got ${JSON.stringify(cron)}). Correct it`,
    );
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function comes(timing: Timing, nowMs: number): boolean {
  try {
    return nextAfter(timing, nowMs) > nowMs;
  } catch {
    return false;
  }
}
