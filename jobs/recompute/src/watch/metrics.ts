/** What operators see of the batch layer. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RunOutcome } from '../run.ts';

/** `known`: another attempt had done it; `unwanted`: its generation no longer waits for it. */
export type ShardOutcome = 'computed' | 'known' | 'aborted' | 'unwanted' | 'failed';

export interface RecomputeMetrics {
  finished(outcome: RunOutcome, tookMs: number): void;
  failed(code: string): void;
  overdue(ms: number): void;
  wedged(ms: number): void;
  /** null: not known, and what was said last holds. */
  engineDefects(rows: number | null): void;
  /** The shards of the run under way. */
  shards(done: number, total: number): void;
  shardEnded(outcome: ShardOutcome, tookMs: number): void;
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
    help: 'By how much a run of the schedule that is late by most is late; 0 when none is',
    registers,
  });
  const wedged = new Gauge({
    name: 'tributary_batch_wedged_seconds',
    help: 'By how much the run under way takes longer than all of its bounds together; 0 when it does not',
    registers,
  });
  const defects = new Gauge({
    name: 'tributary_batch_engine_defect_rows',
    help: 'Rows that differed for no known reason in the newest reconciliation that was sure: 0 is expected',
    registers,
  });
  const shards = new Gauge({
    name: 'tributary_batch_shards',
    help: 'Shards of the newest run of this process that many compute: done, and in all',
    labelNames: ['state'],
    registers,
  });
  const shardAttempts = new Counter({
    name: 'tributary_batch_shard_attempts_total',
    help: 'Attempts of this process at shards, by how they ended',
    labelNames: ['outcome'],
    registers,
  });
  const shardDuration = new Histogram({
    name: 'tributary_batch_shard_seconds',
    help: 'How long a shard took that this process computed',
    buckets: [0.5, 1, 2, 5, 10, 30, 60, 300, 1_800],
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
    wedged: (ms) => wedged.set(ms / 1000),
    engineDefects(rows) {
      if (rows !== null) defects.set(rows);
    },
    shards(done, total) {
      shards.set({ state: 'done' }, done);
      shards.set({ state: 'total' }, total);
    },
    shardEnded(outcome, tookMs) {
      shardAttempts.inc({ outcome });
      if (outcome === 'computed') shardDuration.observe(tookMs / 1000);
    },
  };
}
