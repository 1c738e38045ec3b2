import { simulate } from '@tributary/testkit/simulation/simulation';
import { expect, test } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';
import { runSeeds } from './simulation-seeds.ts';

test('laws 1–4, 6–8: seeds 500–999 of the simulated pipeline', async () => {
  await runSeeds(500, 500);
  // A minute of a processor, which four others may share with it on a machine that is busy otherwise.
}, 1_800_000);

test('law 7: records that are kept for longer than before lack what came earlier, under whatever later definitions ask for it', async () => {
  await runSeeds(201_399, 1);
});

test('a seed is reproducible bit for bit, and seeds differ', async () => {
  const [once, again, other] = [
    await simulate(4711, PARTS_UNDER_TEST),
    await simulate(4711, PARTS_UNDER_TEST),
    await simulate(4712, PARTS_UNDER_TEST),
  ];
  expect(again.trace).toEqual(once.trace);
  expect(again.fingerprint).toBe(once.fingerprint);
  expect(other.fingerprint).not.toBe(once.fingerprint);
});
