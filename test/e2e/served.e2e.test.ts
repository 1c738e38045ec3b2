import { expect, test } from 'vitest';
import { serve } from './served-story.ts';

test('law 5: live answers are what a set of what was served says at their positions, under disorder, a change of definitions and kills', async () => {
  const served = await serve(800);
  expect(served).toMatchObject({ mismatches: 0, examples: [], unexplained: 0 });
  expect(served.answers).toBeGreaterThanOrEqual(800);
  expect(served.compared).toBeGreaterThan(1_000);
  expect(served.ofLaterDefinitions).toBeGreaterThan(50);
}, 300_000);
