/** What operators see of the archiver. */
import type { SegmentManifest } from '@tributary/archive/layout';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Spool } from './spool.ts';

export interface ArchiverMetrics {
  segment(segment: SegmentManifest): void;
  fenced(): void;
  lostTail(partition: number): void;
  failed(): void;
  paused(paused: boolean): void;
  rebalanced(): void;
}

export function archiverMetrics(registry: Registry): ArchiverMetrics {
  const registers = [registry];
  const segments = new Counter({ name: 'tributary_archiver_segments_total', help: 'Segments written', registers });
  const rows = new Counter({ name: 'tributary_archiver_rows_total', help: 'Events archived', registers });
  const dead = new Counter({ name: 'tributary_archiver_dead_total', help: 'Records archived that are not events', registers });
  const fenced = new Counter({
    name: 'tributary_archiver_fenced_total',
    help: 'Segments that another archiver wrote first',
    registers,
  });
  const failures = new Counter({
    name: 'tributary_archiver_failures_total',
    help: 'Turns that failed and were repeated',
    registers,
  });
  const lost = new Counter({
    name: 'tributary_archiver_lost_tail_total',
    help: 'The log was found to end before what is archived of it',
    labelNames: ['partition'],
    registers,
  });
  const rebalances = new Counter({
    name: 'tributary_archiver_rebalances_total',
    help: 'Changes of the partitions assigned to this archiver',
    registers,
  });
  const paused = new Gauge({ name: 'tributary_archiver_paused', help: '1 while the disk is full', registers });
  return {
    segment(segment) {
      segments.inc();
      rows.inc(segment.rows);
      dead.inc(segment.deadRows);
    },
    fenced: () => fenced.inc(),
    lostTail: (partition) => lost.inc({ partition }),
    failed: () => failures.inc(),
    paused: (value) => paused.set(value ? 1 : 0),
    rebalanced: () => rebalances.inc(),
  };
}

/** Measured when asked for. */
export function observeSpools(
  registry: Registry,
  now: () => number,
  spools: () => readonly Readonly<Spool>[],
  assigned: () => ReadonlySet<number>,
): void {
  const registers = [registry];
  new Gauge({
    name: 'tributary_archiver_assigned_partitions',
    help: 'Partitions that are assigned to this archiver now',
    registers,
    collect() {
      this.set(assigned().size);
    },
  });
  new Gauge({
    name: 'tributary_archiver_spooled_rows',
    help: 'Events read from the log and not archived yet',
    registers,
    collect() {
      this.set(spools().reduce((sum, spool) => sum + spool.rows, 0));
    },
  });
  new Gauge({
    name: 'tributary_archiver_lag_seconds',
    help: 'Since when the oldest entry that was read waits to be archived',
    registers,
    collect() {
      this.set(Math.max(0, ...spools().map((spool) => (spool.openedAtMs === null ? 0 : now() - spool.openedAtMs))) / 1000);
    },
  });
}
