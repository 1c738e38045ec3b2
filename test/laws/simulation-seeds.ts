/** Runs a range of seeds of the simulation as one test; on failure names the seed and how to see it alone. */
import { simulate } from '@tributary/testkit/simulation';
import { expect } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';

export async function runSeeds(from: number, seeds: number): Promise<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (let seed = from; seed < from + seeds; seed++) {
    const { failure, counts } = await simulate(seed, PARTS_UNDER_TEST);
    if (failure !== null) expect.fail(`seed ${seed} breaks a law (npm run soak -- --from ${seed} --seeds 1):\n${failure}`);
    for (const [what, count] of Object.entries(counts)) totals[what] = (totals[what] ?? 0) + count;
  }
  return totals;
}

/** A simulation in which these never happened has tested nothing. */
export const MUST_HAPPEN = [
  'answer',
  'no answer',
  'publish',
  'rollback',
  'superseded',
  'retire',
  'crash',
  'pause',
  'rewind',
  'append failed',
  'commit committed',
  'commit fenced',
  'commit rewound',
  'commit reply lost',
];
