/** Expected seconds of a run, from earlier ones. */
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { expect, test } from 'vitest';
import type { GenerationManifest } from '../layout.ts';
import { estimate } from './estimate.ts';

function ran(seconds: number, newEvents: number, more: Partial<GenerationManifest> = {}): GenerationManifest {
  return {
    ...(pendingGeneration({ json: '{}', version: 'v' } as never) as GenerationManifest),
    generation: 1,
    mode: 'full',
    state: 'computed',
    createdAt: 1_000,
    computedAt: 1_000 + seconds * 1_000,
    counts: { events: newEvents, newEvents, duplicates: 0 },
    ...more,
  };
}

test('on a line through earlier runs the estimate is on it, and says that it was never off', () => {
  const line = [1, 2, 3, 4].map((k) => ran(2 + 3 * k, 1_000 * k));
  expect(estimate(line, 'full', 10_000)).toEqual({ seconds: 32, medianError: 0, runs: 4 });
  // Duplicates are read as well.
  const doubled = line.map((run) => ({
    ...run,
    counts: { ...run.counts, newEvents: 500, duplicates: run.counts.newEvents - 500 },
  }));
  expect(estimate(doubled, 'full', 10_000)).toEqual({ seconds: 32, medianError: 0, runs: 4 });
});

test('one run that waited for a lost server moves the estimate little', () => {
  const runs = [1, 2, 3, 4, 5, 6].map((k) => ran(2 + k, 1_000 * k));
  const { seconds, medianError } = estimate([...runs, ran(600, 3_500)], 'full', 7_000) ?? { seconds: 0, medianError: 1 };
  expect(seconds).toBeGreaterThan(8);
  expect(seconds).toBeLessThan(11);
  expect(medianError).toBeLessThan(0.2);
});

test('runs of one size give their median; fewer than three, of the other mode or without an end give nothing', () => {
  const same = [ran(4, 500), ran(5, 500), ran(9, 500)];
  expect(estimate(same, 'full', 500)).toEqual({ seconds: 5, medianError: 0.25, runs: 3 });
  expect(estimate(same.slice(1), 'full', 500)).toBeNull();
  expect(estimate(same, 'incremental', 500)).toBeNull();
  expect(estimate([...same.slice(1), ran(4, 500, { computedAt: null })], 'full', 500)).toBeNull();
});

test('incremental runs that computed all rows of their base again say nothing of those that add to them', () => {
  const on = (base: number, generation: number, seconds: number, more: Partial<GenerationManifest> = {}) =>
    ran(seconds, 500, { generation, base, mode: 'incremental', ...more });
  const definitions = definitionsOf({ conversions: ['order'] }).json;
  const plain = [on(5, 6, 3), on(2, 5, 3), on(1, 2, 3)].map((run) => ({ ...run, definitions }));
  const others = [
    on(2, 3, 90, { definitions: definitionsOf({ conversions: ['signup'] }).json }),
    on(2, 4, 80, { definitions, program: 'p' }),
  ];
  const all = [...plain.slice(0, 2), ...others, ...plain.slice(2), ran(50, 9_000, { definitions })];
  expect(estimate(all, 'incremental', 500)).toEqual({ seconds: 3, medianError: 0, runs: 3 });
});

test('more rows never take less time, and the newest thirty runs count', () => {
  expect(estimate([ran(9, 100), ran(5, 200), ran(1, 300)], 'full', 1e6)?.seconds).toBe(5);
  const slowOnce = [...Array.from({ length: 30 }, () => ran(1, 100)), ...Array.from({ length: 100 }, () => ran(50, 100))];
  expect(estimate(slowOnce, 'full', 100)).toEqual({ seconds: 1, medianError: 0, runs: 30 });
});
