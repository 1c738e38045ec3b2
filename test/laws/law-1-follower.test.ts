import { createMemoryStore } from '@tributary/testkit/memory-store';
import { test } from 'vitest';
import { expectFollowerLaw } from './follower-law.ts';

test('law 1: over any history of commits, barriers, retirements and lost writes, an answer is that of a fresh full read', async () => {
  await expectFollowerLaw(async () => {
    const store = createMemoryStore({ partitions: 4 });
    return {
      speed: store.speed(),
      serving: store.serving(),
      async checkpoint(partition) {
        const snapshot = store.snapshot(partition);
        return async () => store.restore(partition, snapshot);
      },
    };
  }, 500);
});
