/** What operators see of the batch layer. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RunOutcome } from './run.ts';

export interface RecomputeMetrics {
  finished(outcome: RunOutcome, tookMs: number): void;
  failed(code: string): void;
  overdue(ms: number): void;
}

export function recomputeMetrics(registry: Registry): RecomputeMetrics {
  const registers = [registry];
  const runs = new Counter({
    name: 'tributary_batch_runs_total',
    help: 'Runs that computed a generation, by what became of it',
    labelNames: ['published'],
    registers,
  });
  const failures = new Counter({
    name: 'tributary_batch_failures_total',
    help: 'Attempts at a run that failed, by error code',
    labelNames: ['code'],
    registers,
  });
  const duration = new Histogram({
    name: 'tributary_batch_run_seconds',
    help: 'How long a run took, from barrier to retirement',
    buckets: [0.5, 1, 2, 5, 10, 30, 60, 300, 1_800],
    registers,
  });
  const events = new Gauge({ name: 'tributary_batch_events', help: 'Distinct events in the newest generation', registers });
  const generation = new Gauge({ name: 'tributary_batch_generation', help: 'The generation that readers take', registers });
  const overdue = new Gauge({
    name: 'tributary_batch_overdue_seconds',
    help: 'By how much the next generation is late; 0 when it is not',
    registers,
  });
  return {
    finished(outcome, tookMs) {
      runs.inc({ published: outcome.published });
      duration.observe(tookMs / 1000);
      events.set(outcome.counts.events);
      generation.set(outcome.publication?.generation ?? 0);
    },
    failed: (code) => failures.inc({ code }),
    overdue: (ms) => overdue.set(ms / 1000),
  };
}
