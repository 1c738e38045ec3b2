/** What a worker says of schedules when it starts, and what its watchdog reports of them. */
import type { RecomputeQueue } from '@tributary/queue/recompute-queue';
import type { RunPorts } from '../ports.ts';
import type { RecomputeMetrics } from './metrics.ts';
import type { PendingWatch } from './pending-events.ts';
import type { Trouble, Watchdog } from './watchdog.ts';

interface Logger {
  info(about: object, message: string): void;
  warn(about: object, message: string): void;
  error(about: object, message: string): void;
}

/** `TRIBUTARY_BATCH_EVERY_MS` makes the schedule `default`, until it is set by hand; what is not used is said. */
export async function followSchedules(schedules: RecomputeQueue['schedules'], everyMs: number, logger: Logger): Promise<void> {
  const { insteadOf, isUsed } = await schedules.seed(everyMs, Date.now());
  const about = { everyMs, otherEveryMs: insteadOf?.everyMs, cron: insteadOf?.cron, by: insteadOf?.by };
  if (!isUsed)
    logger.warn(
      about,
      'TRIBUTARY_BATCH_EVERY_MS is not used: the schedule default was set by hand, see "tributary schedules list"',
    );
  else if (insteadOf !== null && insteadOf.everyMs !== everyMs)
    logger.warn(about, 'TRIBUTARY_BATCH_EVERY_MS replaces what a worker brought before: give all workers the same');
}

interface Watched {
  readonly dataDir: string;
  readonly longestRunMs: number;
  readonly everyMs: number;
  readonly queue: RecomputeQueue;
  readonly metrics: RecomputeMetrics;
  readonly logger: Logger;
  readonly active: () => string | null;
}

export function watchdogOf({ dataDir, longestRunMs, everyMs, queue, metrics, logger, active }: Watched): Watchdog {
  return {
    dataDir,
    longestRunMs,
    now: Date.now,
    async schedules() {
      // What a process left half done, what a worker of an earlier version brought, and what Redis lost.
      if (await queue.schedules.follow(everyMs, Date.now()))
        logger.error(
          { everyMs },
          'Redis lost the schedules: default is set again, set the others with "tributary schedules set"',
        );
      return queue.schedules.list(Date.now());
    },
    runs: queue.runs,
    onChecked({ overdue, wedged }: Trouble) {
      metrics.overdue(overdue.ms);
      metrics.wedged(wedged.ms);
      if (overdue.ms > 0)
        logger.error(
          { ...overdue, activeJob: active() },
          'a run is overdue: see "tributary schedules list" and "tributary doctor"',
        );
      if (wedged.ms > 0) logger.error(wedged, 'a run is under way for too long: "tributary batch cancel" ends it');
    },
    onError: (error) => logger.warn({ err: String(error) }, 'the watchdog could not look at runs and schedules'),
  };
}

interface PendingWatched {
  readonly ports: Pick<RunPorts, 'dataDir' | 'serving'>;
  readonly runAtPending: number;
  readonly queue: Pick<RecomputeQueue, 'requestForPending'>;
  readonly logger: Logger;
}

export function pendingWatchOf({ ports: { dataDir, serving }, runAtPending, queue, logger }: PendingWatched): PendingWatch {
  return {
    dataDir,
    serving,
    runAtPending,
    request: queue.requestForPending,
    onRequested: (pending) => logger.info({ pending }, 'a run was asked for, as many late events are pending'),
    onError: (error) => logger.warn({ err: String(error) }, 'how many late events are pending is not known'),
  };
}
