/** Which generations stay beside the newest ones, and for how long. */
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { expect, test } from 'vitest';
import type { GenerationManifest } from './layout.ts';
import { keptByAge } from './retire.ts';

const file = (path: string, bytes: number) => ({ path, rows: 1, bytes, sha256: '0' });

/** Computed at its number; of 10 bytes of its own, and 100 that all share. */
function computed(generation: number, more: Partial<GenerationManifest> = {}): GenerationManifest {
  const pending = pendingGeneration({ json: '{}', version: 'abc' });
  const views = { activity: [file(`${generation}/activity`, 10)] };
  return { ...pending, generation, state: 'computed', computedAt: generation, views, events: [file('shared', 100)], ...more };
}

const SIX = [1, 2, 3, 4, 5, 6].map((generation) => computed(generation));
const EVER = { since: 0, mostBytes: 1_000 };

test('older ones stay while they are young enough, beside the newest', () => {
  expect(keptByAge(SIX, [6], 2, { ...EVER, since: 3 })).toEqual([4, 3]);
  expect(keptByAge(SIX, [6], 2, { ...EVER, since: 5 })).toEqual([]);
  expect(keptByAge(SIX, [6], 2, EVER)).toEqual([4, 3, 2, 1]);
});

test('no further one stays once the files of all have too many bytes, those of several counted once', () => {
  expect(keptByAge(SIX, [6], 2, { ...EVER, mostBytes: 140 })).toEqual([4, 3]);
  expect(keptByAge(SIX, [6], 2, { ...EVER, mostBytes: 139 })).toEqual([4]);
  expect(keptByAge(SIX, [6], 2, { ...EVER, mostBytes: 0 })).toEqual([]);
  // What is pinned stays, and its files count.
  expect(keptByAge(SIX, [1], 2, { ...EVER, mostBytes: 139 })).toEqual([]);
  expect(keptByAge(SIX, [1], 2, { ...EVER, mostBytes: 140 })).toEqual([4]);
});

test('one that a clock behind the others dated does not take those below it along', () => {
  const behind = SIX.map((manifest) => (manifest.generation === 4 ? { ...manifest, computedAt: 0 } : manifest));
  expect(keptByAge(behind, [6], 2, { ...EVER, since: 2 })).toEqual([4, 3, 2]);
  expect(keptByAge(behind, [6], 2, { ...EVER, since: 4 })).toEqual([]);
});

test('only what was computed and has its files stays by age', () => {
  const mixed = [computed(1), computed(2, { state: 'retired' }), computed(3, { state: 'failed' }), computed(4), computed(5)];
  expect(keptByAge(mixed, [5], 1, EVER)).toEqual([4, 1]);
});
