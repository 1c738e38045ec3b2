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
  const at = { nowMs: 0, loads: 0, waits: true };
  const source = {
    manifests: async () => (at.waits ? [manifest] : []),
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
  // A clock that went back says nothing about how long ago that was.
  expect(await loadsAfter(1, -3_600_000)).toBe(4);
});

test('law 7: a clock that went back hides neither a staged generation, nor that what could not be loaded can be', async () => {
  let isCorrupt = true;
  const { at, staged } = world(async () => (isCorrupt ? Promise.reject(new Error('corrupt')) : new Map()));
  await expect(staged.take()).rejects.toThrow('corrupt');
  isCorrupt = false;
  at.waits = false;
  at.nowMs -= 3_600_000;
  await expect(staged.take()).rejects.toMatchObject({ code: 'not_found' });
  at.waits = true;
  at.nowMs -= 3_600_000;
  expect((await staged.take()).generation).toBe(2);
});
