/** Which generation is served while others are published. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { expect, test } from 'vitest';
import { createGenerations } from '../src/generations/served.ts';
import type { GenerationSource } from '../src/ports.ts';

test('law 7: who waits for a generation is not given one that another has replaced while it was loading', async () => {
  let newest = { sequence: 1, generation: 1 };
  const first = Promise.withResolvers<void>();
  const source = {
    publication: async () => newest,
    manifest: async (generation: number) => {
      if (generation === 1) await first.promise;
      return { generation, state: 'computed', views: {} } as unknown as GenerationManifest;
    },
    manifests: async () => [],
    viewRows: async () => new Map(),
  } as unknown as GenerationSource;
  const generations = createGenerations({ source, now: () => 0, onWarning: () => {} });
  const before = generations.refresh();
  newest = { sequence: 2, generation: 2 };
  const after = generations.refresh();
  await new Promise(setImmediate);
  first.resolve();
  await after;
  expect(generations.current().served).toBe(2);
  await before;
});
