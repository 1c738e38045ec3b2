/** What operators see of the speed layer. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AppliedBatch } from './apply.ts';

export interface SpeedMetrics {
  committed(batch: AppliedBatch): void;
  reset(partition: number): void;
}

export function speedMetrics(registry: Registry, now: () => number): SpeedMetrics {
  const registers = [registry];
  const events = new Counter({ name: 'tributary_speed_events_total', help: 'Events by fate', labelNames: ['fate'], registers });
  const commits = new Counter({ name: 'tributary_speed_commits_total', help: 'Commits that the store took', registers });
  const resets = new Counter({ name: 'tributary_speed_resets_total', help: 'Partitions whose state was loaded anew', registers });
  const logTime = new Gauge({
    name: 'tributary_speed_log_time_seconds',
    help: 'Log time by partition, epoch seconds',
    labelNames: ['partition'],
    registers,
  });
  const lag = new Histogram({
    name: 'tributary_speed_lag_seconds',
    help: 'From receipt of the newest event of a commit to its being readable',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
    registers,
  });
  return {
    committed({ commit, counted, late, duplicates }) {
      commits.inc();
      events.inc({ fate: 'counted' }, counted);
      events.inc({ fate: 'late' }, late);
      events.inc({ fate: 'duplicate' }, duplicates);
      events.inc({ fate: 'parked' }, commit.parked.length);
      logTime.set({ partition: commit.partition }, commit.next.logTimeMs / 1000);
      if (counted + late > 0) lag.observe(Math.max(0, now() - commit.next.logTimeMs) / 1000);
    },
    reset: () => resets.inc(),
  };
}
