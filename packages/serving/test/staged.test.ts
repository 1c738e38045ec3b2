/** How often a staged generation is loaded, and how long it stays in memory: who reads decides about neither. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { createStaged } from '@tributary/serving/generations/staged';
import type { GenerationSource } from '@tributary/serving/ports';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import type { RowsByView } from '@tributary/views/deltas';
import { expect, test } from 'vitest';

/** Generation 2 waits. `loads`: how often its rows were read. */
function world(viewRows: () => Promise<RowsByView> = async () => new Map()) {
  const pending = pendingGeneration({ json: '{}', version: 'abc' });
  const manifest: GenerationManifest = { ...pending, generation: 2, state: 'computed', promotion: 'ask' };
  const at = { nowMs: 0, loads: 0 };
  const source = {
    manifests: async () => [manifest],
    publication: async () => null,
    viewRows: () => {
      at.loads++;
      return viewRows();
    },
  } as unknown as GenerationSource;
  return { at, staged: createStaged(source, () => at.nowMs) };
}

test('law 7: what cannot be loaded is read again once a second at most, however many ask', async () => {
  const { at, staged } = world(() => Promise.reject(new Error('corrupt')));
  for (let i = 0; i < 30; i++) {
    await expect(staged.take()).rejects.toThrow('corrupt');
    at.nowMs += 100;
  }
  expect(at.loads).toBe(3);
});

test('it leaves the memory once readers get it, and after ten minutes without a question', async () => {
  const { at, staged } = world();
  const loadsAfter = async (published: number, waitedMs: number) => {
    at.nowMs += waitedMs;
    staged.letGo(published);
    await staged.take();
    return at.loads;
  };
  expect(await loadsAfter(0, 0)).toBe(1);
  expect(await loadsAfter(1, 599_999)).toBe(1);
  expect(await loadsAfter(1, 600_000)).toBe(2);
  expect(await loadsAfter(2, 0)).toBe(3);
});
