/** Runs a range of seeds of the simulation as one test; on failure names the seed and how to see it alone. */
import { simulate } from '@tributary/testkit/simulation/simulation';
import { expect } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';

export async function runSeeds(from: number, seeds: number): Promise<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (let seed = from; seed < from + seeds; seed++) {
    const { failure, counts } = await simulate(seed, PARTS_UNDER_TEST);
    if (failure !== null) expect.fail(`seed ${seed} breaks a law (npm run soak -- --from ${seed} --seeds 1):\n${failure}`);
    for (const [what, count] of Object.entries(counts)) totals[what] = (totals[what] ?? 0) + count;
  }
  const checked = Object.entries(totals).filter(([what]) => what.includes('complete'));
  console.log(`answers checked: ${checked.map(([what, count]) => `${count} ${what}`).join(', ')}`);
  return totals;
}

/** A simulation in which these never happened has tested nothing. */
export const MUST_HAPPEN = [
  'answer',
  // The check of complete answers must not become empty behind any fault.
  'complete',
  'complete after a longer look back',
  'incomplete after a longer look back',
  'complete after an overflow',
  'complete after an emptied store',
  'incomplete after an overflow',
  'complete after a parked barrier',
  'incomplete after a parked barrier',
  'no answer',
  'publish',
  'rollback',
  'superseded',
  'retire',
  'crash',
  'pause',
  'rewind',
  'empty',
  'trimmed',
  'a replay of the archive',
  'a lost generation',
  'a lost segment',
  'append failed',
  'a misplaced event',
  'a misplaced event appended',
  'dropped by a correction',
  'an erasure to the end',
  'a clock ahead',
  'a clock behind',
  'poison',
  'commit committed',
  'commit fenced',
  'commit rewound',
  'commit reply lost',
];
