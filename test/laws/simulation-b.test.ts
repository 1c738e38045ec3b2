import { SECOND_MS } from '@tributary/model/time';
import { simulate } from '@tributary/testkit/simulation/simulation';
import { afterEach, expect, test, vi } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';
import { runSeeds } from './simulation-seeds.ts';

test('laws 1–4, 6–8: seeds 500–999 of the simulated pipeline', async () => {
  await runSeeds(500, 500);
  // A minute of a processor, which four others may share with it on a machine that is busy otherwise.
}, 1_800_000);

test('law 7: records that are kept for longer than before lack what came earlier, under whatever later definitions ask for it', async () => {
  await runSeeds(201_399, 1);
});

afterEach(() => vi.unstubAllGlobals());

test('a seed is reproducible bit for bit, however slow the machine is, and seeds differ', async () => {
  const once = await simulate(4711, PARTS_UNDER_TEST);
  // As on a machine that stands still: each timer of less than half a minute is over at once.
  const inTime = setTimeout;
  const atOnce = (end: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
    inTime(end, ms < 30 * SECOND_MS ? 0 : ms, ...args);
  vi.stubGlobal('setTimeout', atOnce);
  const again = await simulate(4711, PARTS_UNDER_TEST);
  vi.unstubAllGlobals();
  const other = await simulate(4712, PARTS_UNDER_TEST);
  expect(again.trace).toEqual(once.trace);
  expect(again.fingerprint).toBe(once.fingerprint);
  expect(other.fingerprint).not.toBe(once.fingerprint);
});
