/** Which generation is served while others are published. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { expect, test } from 'vitest';
import { createGenerations } from '../src/generations/served.ts';
import type { GenerationSource } from '../src/ports.ts';

/** Generations whose manifests are read when `until` says so; those in `lost` are gone. */
function world(until: Readonly<Record<number, Promise<void>>> = {}, lost: readonly number[] = []) {
  const at = { nowMs: 1_000_000, reads: [] as number[], newest: null as { sequence: number; generation: number } | null };
  const source = {
    publication: async () => at.newest,
    async manifest(generation: number) {
      at.reads.push(generation);
      await until[generation];
      return lost.includes(generation) ? null : ({ generation, state: 'computed', views: {} } as unknown as GenerationManifest);
    },
    manifests: async () => [],
    viewRows: async () => new Map(),
  } as unknown as GenerationSource;
  return { at, lost, generations: createGenerations({ source, now: () => at.nowMs, onWarning: () => {} }) };
}

test('law 7: who waits for a generation is not given one that another has replaced while it was loading', async () => {
  const first = Promise.withResolvers<void>();
  const { at, generations } = world({ 1: first.promise });
  at.newest = { sequence: 1, generation: 1 };
  const before = generations.refresh();
  at.newest = { sequence: 2, generation: 2 };
  const after = generations.refresh();
  await new Promise(setImmediate);
  first.resolve();
  await after;
  expect(generations.current().served).toBe(2);
  await before;
});

test('law 7: of two that are published one after the other the first is served while the second loads, or where it cannot be', async () => {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { at, generations } = world({ 1: first.promise, 2: second.promise }, [2]);
  await generations.refresh();
  // Its deltas are retired by the time that the second one is published.
  expect(generations.current().served).toBe(0);
  at.newest = { sequence: 1, generation: 1 };
  const loading = generations.refresh();
  await new Promise(setImmediate);
  at.newest = { sequence: 2, generation: 2 };
  void generations.refresh();
  await new Promise(setImmediate);
  first.resolve();
  await new Promise(setImmediate);
  expect(at.reads).toEqual([1, 2]);
  expect(generations.take(null).loaded.generation).toBe(1);
  second.resolve();
  await loading;
  const { loaded, failure } = generations.take(null);
  expect(loaded.generation).toBe(1);
  expect(failure).toMatch('generation 2 is published, and its manifest is gone');
});

test('law 7: one that is rolled back while it loads is not served on the way', async () => {
  const [third, first] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { at, generations } = world({ 1: first.promise, 3: third.promise });
  at.newest = { sequence: 1, generation: 2 };
  await generations.refresh();
  at.newest = { sequence: 2, generation: 3 };
  const loading = generations.refresh();
  await new Promise(setImmediate);
  at.newest = { sequence: 3, generation: 1 };
  void generations.refresh();
  await new Promise(setImmediate);
  third.resolve();
  await new Promise(setImmediate);
  expect(at.reads).toEqual([2, 3, 1]);
  expect(generations.current().served).toBe(2);
  first.resolve();
  await loading;
  expect(generations.current().served).toBe(1);
});

test('law 7: a clock that went back does not put off the next attempt to load', async () => {
  const lost = [1];
  const { at, generations } = world({}, lost);
  at.newest = { sequence: 1, generation: 1 };
  await generations.refresh();
  expect(generations.current().failure).toMatch('its manifest is gone');
  lost.pop();
  at.nowMs -= 3_600_000;
  await generations.refresh();
  expect(generations.current()).toMatchObject({ served: 1, failure: null });
});
