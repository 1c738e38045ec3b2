/**
 * Some seeds of the simulation with the archive in a real data folder: what archivers write and readers find under kills between any two files, zombies,
 * segments of two archivers and manifests that are gone is what the archive in memory does in the thousands of other seeds.
 */
import { simulate } from '@tributary/testkit/simulation/simulation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';
import { startSimulatedFolders } from './simulation-on-folder.ts';

/**
 * Until all that must happen did: today the first three are enough, another change of the code may need more. One that fails is seen alone with
 * `npm run soak -- --folder --from SEED --seeds 1`.
 */
const SEEDS = [0, 5, 8, ...Array.from({ length: 50 }, (_, i) => 11 + i)];
/** Others each time, as long as there is time: on a busy machine a seed takes ten times as long. */
const OTHERS = Array.from({ length: 10 }, (_, i) => (Date.now() % 1_000_000) + i);
const OTHERS_MS = 10_000;

let folders: Awaited<ReturnType<typeof startSimulatedFolders>>;
beforeAll(async () => {
  folders = await startSimulatedFolders();
});
afterAll(() => folders?.stop());

test('laws 1–4, 6–8: seeds of the simulated pipeline, the archive in a data folder', async () => {
  const totals: Record<string, number> = {};
  const startedMs = performance.now();
  async function run(seed: number): Promise<void> {
    const { failure, counts, trace } = await simulate(seed, { ...PARTS_UNDER_TEST, createArchive: folders.createArchive });
    if (failure !== null)
      expect.fail(`seed ${seed} breaks a law with the archive in a folder:\n${trace.slice(-40).join('\n')}\n${failure}`);
    for (const [what, count] of Object.entries(counts)) totals[what] = (totals[what] ?? 0) + count;
  }
  for (const seed of SEEDS) {
    if (MUST_HAPPEN.every((what) => (totals[what] ?? 0) > 0)) break;
    await run(seed);
  }
  for (const seed of OTHERS) {
    if (performance.now() - startedMs > OTHERS_MS) break;
    await run(seed);
  }
  for (const what of MUST_HAPPEN) expect([what, (totals[what] ?? 0) > 0]).toEqual([what, true]);
}, 600_000);

const MUST_HAPPEN = [
  'complete',
  'publish',
  'crash',
  'trimmed',
  'a segment',
  'a segment of two archivers',
  'a lost segment',
  'a replay of the archive',
  'an archiver failed',
];
