/** What an autoscaler asks for: how far each assigned partition is behind. */

import { encodeEvent } from '@tributary/model/event';
import { definitionsOf, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';
import { lagSeconds } from '../src/watch/lag.ts';
import { type Observed, observeProgress, speedMetrics } from '../src/watch/metrics.ts';
import { observeSignals } from '../src/watch/signal-freshness.ts';

const NOW = 1_000_000;

test('no lag where all of the log is committed, however old it is; else the age of what was committed last', () => {
  const progress = { position: '05', logTimeMs: NOW - 60_000 };
  expect(lagSeconds(progress, '05', NOW, NOW)).toBe(0);
  expect(lagSeconds(progress, '04', NOW, NOW)).toBe(0);
  expect(lagSeconds(progress, '06', NOW, NOW)).toBe(60);
  expect(lagSeconds(progress, null, NOW, NOW)).toBe(0);
});

test('nothing committed yet: since the worker has the partition; no answer of the log: behind', () => {
  expect(lagSeconds({ position: null, logTimeMs: 0 }, '01', NOW - 5_000, NOW)).toBe(5);
  expect(lagSeconds({ position: null, logTimeMs: 0 }, null, NOW - 5_000, NOW)).toBe(0);
  expect(lagSeconds({ position: '05', logTimeMs: NOW - 7_000 }, undefined, NOW, NOW)).toBe(7);
});

function observed(changes: Partial<Observed> & { readonly runs: ReturnType<Observed['worker']['progress']> }) {
  const registry = new Registry();
  const { runs, ...rest } = changes;
  observeProgress(registry, {
    assigned: () => new Set([0, 2]),
    worker: { progress: () => runs },
    log: { ends: async () => ['09', '09', '09'] },
    now: () => NOW,
    ...rest,
  });
  return async () => {
    const text = await registry.metrics();
    return text.split('\n').filter((line) => /^tributary_speed_(lag_seconds|assigned)/.test(line));
  };
}

test('each assigned partition has its lag, others have none', async () => {
  const runs = [
    { partition: 0, position: '09', logTimeMs: NOW - 3_000 },
    { partition: 2, position: '08', logTimeMs: NOW - 3_000 },
  ];
  expect(await observed({ runs })()).toEqual([
    'tributary_speed_assigned_partitions 2',
    'tributary_speed_lag_seconds{partition="0"} 0',
    'tributary_speed_lag_seconds{partition="2"} 3',
  ]);
});

test('a partition that is being loaded again keeps its lag; one that went away is forgotten', async () => {
  const runs = [{ partition: 2, position: '08', logTimeMs: NOW - 3_000 }];
  let assigned = new Set([2]);
  const scrape = observed({ runs, assigned: () => assigned });
  await scrape();
  runs.splice(0);
  expect(await scrape()).toContain('tributary_speed_lag_seconds{partition="2"} 3');
  assigned = new Set();
  expect(await scrape()).toEqual(['tributary_speed_assigned_partitions 0']);
});

test('a log that does not answer counts as behind, and the scrape goes on', async () => {
  const runs = [{ partition: 0, position: '09', logTimeMs: NOW - 3_000 }];
  const ends = () => Promise.reject(new Error('away'));
  const assigned = () => new Set([0]);
  expect(await observed({ runs, assigned, log: { ends } })()).toContain('tributary_speed_lag_seconds{partition="0"} 3');
});

test('the four latencies are those of what a worker commits, and each signal has the age of the newest event in time that it looks at', async () => {
  const atMs = Date.UTC(2026, 10, 20, 12);
  const registry = new Registry();
  const metrics = speedMetrics(registry, () => atMs);
  const note = observeSignals(registry, { sha256Hex, now: () => atMs });
  const log = createMemoryLog({ partitions: 1 });
  const event = (type: string, agoMs: number) =>
    encodeEvent({ id: `${type} ${agoMs}`, type, userId: 'ana', ts: atMs - agoMs, receivedAt: atMs - 1_000, source: 'test' });
  // The last one is from history: it says nothing of now.
  const events = [event('view', 5_000), event('search', 40_000), event('view', 3_000), event('purchase', 10 * 86_400_000)];
  await log.append(0, { kind: 'events', body: events.join('\n') });
  let clockMs = 0;
  const worker = createSpeedWorker({
    log,
    store: createMemoryStore({ partitions: 1 }).speed(),
    definitions: definitionsOf({
      signals: { views: { count: 'view' }, all: { count: '*' }, bought: { count: 'purchase' } },
      segments: { planner: { enter: 'type == "search"', ttl: '1d' } },
    }),
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `c${clockMs}`,
    limits: { waitMs: 0 },
    now: () => clockMs++,
    onCommitted(batch) {
      metrics.committed(batch);
      note(batch);
    },
    onWorked: metrics.worked,
  });
  while ((await worker.runOnce()) > 0);
  await worker.settle();
  const text = await registry.metrics();
  const lines = text.split('\n').filter((line) => /^tributary_speed_(signal_age|(event|freshness)_seconds_sum)/.test(line));
  expect(lines.sort()).toEqual([
    'tributary_speed_event_seconds_sum 3',
    'tributary_speed_freshness_seconds_sum 1',
    'tributary_speed_signal_age_seconds{signal="all"} 3',
    'tributary_speed_signal_age_seconds{signal="planner"} 40',
    'tributary_speed_signal_age_seconds{signal="views"} 3',
  ]);
  const sumOf = (name: string) => Number(new RegExp(`^tributary_speed_${name}_seconds_sum (.+)$`, 'm').exec(text)?.[1]);
  expect(sumOf('transform')).toBeGreaterThan(0);
  expect(sumOf('job')).toBeGreaterThan(sumOf('transform'));
});
