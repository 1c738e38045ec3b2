/** What an autoscaler asks for: how far each assigned partition is behind. */
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { lagSeconds } from '../src/watch/lag.ts';
import { type Observed, observeProgress } from '../src/watch/metrics.ts';

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
