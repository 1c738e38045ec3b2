/** Operators at random beside events, crashes and lost writes. More: OPERATOR_SEEDS=200 OPERATOR_STEPS=40 npx vitest run jobs/recompute/test/operators.test.ts */
import { expect, test } from 'vitest';
import { type OperatorOptions, operate } from './operators.ts';

const SEEDS = Number(process.env['OPERATOR_SEEDS'] ?? 2);
const STEPS = Number(process.env['OPERATOR_STEPS'] ?? 12);
const KINDS: readonly OperatorOptions[] = [
  { retires: true },
  { erases: true, calm: true, retires: true },
  { folder: true },
  { store: false },
];

test('laws 1, 7 and 8: whatever operators do, in any order and beside each other, an answer that says it is complete is exact', async () => {
  const counts: Record<string, number> = {};
  for (let seed = 1; seed <= SEEDS; seed++)
    for (const [what, count] of Object.entries(await operate(seed, { steps: STEPS, ...KINDS[seed % KINDS.length] })))
      counts[what] = (counts[what] ?? 0) + count;
  expect(counts['merged: complete']).toBeGreaterThan(SEEDS * STEPS);
  expect(counts['rows retired']).toBeGreaterThan(0);
});
