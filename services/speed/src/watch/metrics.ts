/** What operators see of the speed layer. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@tributary/log/port';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AppliedBatch } from '../apply/apply.ts';
import type { SpeedWorker, Took } from '../pipeline.ts';
import { lagSeconds, type Progress } from './lag.ts';

export interface SpeedMetrics {
  committed(batch: AppliedBatch): void;
  /** What was read was computed, and then stored, so long after it was taken up. */
  worked(took: Took): void;
  reset(partition: number): void;
  rebalanced(): void;
  /** How many other workers send other outputs. */
  outputsDiffer(workers: number): void;
}

const WORK_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

export function speedMetrics(registry: Registry, now: () => number): SpeedMetrics {
  const registers = [registry];
  const events = new Counter({ name: 'tributary_speed_events_total', help: 'Events by fate', labelNames: ['fate'], registers });
  const commits = new Counter({ name: 'tributary_speed_commits_total', help: 'Commits that the store took', registers });
  const resets = new Counter({
    name: 'tributary_speed_resets_total',
    help: 'Partitions whose state was loaded again',
    registers,
  });
  const rebalances = new Counter({
    name: 'tributary_speed_rebalances_total',
    help: 'Changes of the partitions assigned to this worker',
    registers,
  });
  const outputsDiffer = new Gauge({
    name: 'tributary_speed_outputs_differ',
    help: 'Other speed workers whose TRIBUTARY_OUTPUTS is another one',
    registers,
  });
  const logTime = new Gauge({
    name: 'tributary_speed_log_time_seconds',
    help: 'Log time by partition, epoch seconds',
    labelNames: ['partition'],
    registers,
  });
  const freshness = new Histogram({
    name: 'tributary_speed_freshness_seconds',
    help: 'From receipt of the newest event of a commit to its being readable',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
    registers,
  });
  const event = new Histogram({
    name: 'tributary_speed_event_seconds',
    help: 'From when the newest event of a commit happened, by the clock of its sender, to its being readable',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600],
    registers,
  });
  const transform = new Histogram({
    name: 'tributary_speed_transform_seconds',
    help: 'From taking up what was read to what it comes to, records of its users included',
    buckets: WORK_BUCKETS,
    registers,
  });
  const job = new Histogram({
    name: 'tributary_speed_job_seconds',
    help: 'From taking up what was read to its being stored',
    buckets: WORK_BUCKETS,
    registers,
  });
  return {
    worked({ transformMs, jobMs }) {
      transform.observe(transformMs / 1000);
      job.observe(jobMs / 1000);
    },
    committed({ commit, counted, late, duplicates, misplaced, newest }) {
      commits.inc();
      events.inc({ fate: 'counted' }, counted);
      events.inc({ fate: 'late' }, late);
      events.inc({ fate: 'duplicate' }, duplicates);
      events.inc({ fate: 'parked' }, commit.parked.length);
      events.inc({ fate: 'moved' }, misplaced.length);
      logTime.set({ partition: commit.partition }, commit.next.logTimeMs / 1000);
      if (counted + late > 0) freshness.observe(Math.max(0, now() - commit.next.logTimeMs) / 1000);
      if (newest.size > 0) event.observe(Math.max(0, now() - Math.max(...newest.values())) / 1000);
    },
    reset: () => resets.inc(),
    rebalanced: () => rebalances.inc(),
    outputsDiffer: (workers) => outputsDiffer.set(workers),
  };
}

/** An entry that is still unread this long after the log was asked for its end was not merely on its way, ms. */
const ON_ITS_WAY_MS = 100;

export interface Observed {
  readonly assigned: () => ReadonlySet<number>;
  readonly worker: Pick<SpeedWorker, 'progress'>;
  readonly log: Pick<EventLog, 'ends'>;
  readonly now: () => number;
}

/** Measured when asked for: it costs nothing until then. */
export function observeProgress(registry: Registry, { assigned, worker, log, now }: Observed): void {
  const registers = [registry];
  new Gauge({
    name: 'tributary_speed_assigned_partitions',
    help: 'Partitions that are assigned to this worker now',
    registers,
    collect() {
      this.set(assigned().size);
    },
  });
  /** Also of partitions that are being loaded again and have no run at the moment. */
  const known = new Map<number, Progress & { readonly sinceMs: number }>();
  new Gauge({
    name: 'tributary_speed_lag_seconds',
    help: 'Age of what was committed last, by assigned partition; 0 when all of the log is committed',
    labelNames: ['partition'],
    registers,
    async collect() {
      const ends = await log.ends().catch(() => []);
      await sleep(ON_ITS_WAY_MS);
      for (const run of worker.progress())
        known.set(run.partition, { ...run, sinceMs: known.get(run.partition)?.sinceMs ?? now() });
      const own = assigned();
      for (const partition of known.keys()) if (!own.has(partition)) known.delete(partition);
      this.reset();
      for (const partition of own) {
        const progress = known.get(partition) ?? { position: null, logTimeMs: 0, sinceMs: now() };
        known.set(partition, progress);
        this.set({ partition }, lagSeconds(progress, ends[partition], progress.sinceMs, now()));
      }
    },
  });
}
