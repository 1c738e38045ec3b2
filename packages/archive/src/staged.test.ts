import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { expect, test } from 'vitest';
import type { GenerationManifest } from './layout.ts';
import { stagedOf } from './staged.ts';

const waiting = (generation: number): GenerationManifest => ({
  ...pendingGeneration({ json: '{}', version: 'abc' }),
  generation,
  state: 'computed',
  promotion: 'ask',
});

test('the newest of those that wait is the staged one, in whatever order they are listed', () => {
  const [older, newer] = [waiting(2), waiting(3)];
  for (const listed of [
    [older, newer],
    [newer, older],
  ])
    expect(stagedOf(listed, { generation: 1 })).toBe(newer);
  expect(stagedOf([older, newer], { generation: 1, kept: { upTo: 3, generations: [1, 2] } })).toBe(older);
  expect(stagedOf([older, newer], { generation: 3 })).toBeNull();
});
