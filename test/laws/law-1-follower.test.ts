import { test } from 'vitest';
import { memoryStore } from '../contract/stores.ts';
import { expectFollowerLaw } from './follower-law.ts';

test('law 1: over any history of commits, barriers, retirements and lost writes, an answer is that of a fresh full read', async () => {
  await expectFollowerLaw(memoryStore, 500);
});
