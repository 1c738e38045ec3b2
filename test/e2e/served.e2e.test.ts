import { expect, test } from 'vitest';
import { serve } from './served-story.ts';

test('law 5: live answers are what a set of what was served says at their positions, under disorder, a change of definitions and kills; counts over all users are exact', async () => {
  // Forty users lie in each of four, and what a generation takes of a processor is by partition for the most part.
  const served = await serve(800, { TRIBUTARY_PARTITIONS: '4' });
  expect(served).toMatchObject({ mismatches: 0, examples: [], unexplained: 0 });
  expect(served.answers).toBeGreaterThanOrEqual(800);
  expect(served.compared).toBeGreaterThan(1_000);
  expect(served.ofLaterDefinitions).toBeGreaterThan(50);
  const { plainly, live, later } = served.counted;
  expect(live).toEqual(plainly);
  expect(later).toEqual(plainly);
  expect(Object.keys(plainly.viewed).sort()).toEqual(['"tote"', 'boots', 'Ω']);
  expect(Math.min(plainly.searching.entered, plainly.searching.left)).toBeGreaterThan(10);
}, 300_000);
