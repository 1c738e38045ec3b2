/**
 * Some seeds of the simulation with the store on a real Redis: what its scripts and readers do under kills, zombies, lost replies, writes that
 * are lost and partitions that are emptied is what the store in memory does in the thousands of other seeds.
 */
import { simulate } from '@tributary/testkit/simulation/simulation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';
import { startSimulatedStores } from './simulation-on-redis.ts';

/** Half of them others each time; one that fails is seen alone with `npm run soak -- --redis --from SEED --seeds 1`. */
const FIRST_OTHER = Date.now() % 1_000_000;
const SEEDS = [...Array(12).keys(), ...Array.from({ length: 13 }, (_, i) => FIRST_OTHER + i)];

let stores: Awaited<ReturnType<typeof startSimulatedStores>>;
beforeAll(async () => {
  stores = await startSimulatedStores();
});
afterAll(() => stores?.stop());

test(`laws 1–4, 6–8: ${SEEDS.length} seeds of the simulated pipeline, the store on Redis`, async () => {
  const totals: Record<string, number> = {};
  for (const seed of SEEDS) {
    const { failure, counts, trace } = await simulate(seed, { ...PARTS_UNDER_TEST, createStore: stores.createStore });
    if (failure !== null)
      expect.fail(`seed ${seed} breaks a law with the store on Redis:\n${trace.slice(-40).join('\n')}\n${failure}`);
    for (const [what, count] of Object.entries(counts)) totals[what] = (totals[what] ?? 0) + count;
  }
  for (const what of ['complete', 'publish', 'crash', 'rewind', 'commit committed', 'commit fenced', 'commit reply lost'])
    expect([what, (totals[what] ?? 0) > 0]).toEqual([what, true]);
}, 600_000);
