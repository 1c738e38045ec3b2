import { expect, test } from 'vitest';
import { MUST_HAPPEN, runSeeds } from './simulation-seeds.ts';

test('laws 1–4, 6–8: seeds 0–499 of the simulated pipeline, with crashes, zombies, lost replies and lost writes', async () => {
  const totals = await runSeeds(0, 500);
  for (const what of MUST_HAPPEN) expect(totals[what], what).toBeGreaterThan(0);
  // A minute of a processor, which four others may share with it on a machine that is busy otherwise.
}, 1_800_000);
