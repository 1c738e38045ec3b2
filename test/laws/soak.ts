/**
 * The simulation for as long as you like: `npm run soak -- --seeds 100000 --from 0`, with `--redis` the store on a real one, with `--folder` the archive in a
 * real folder. Stops at the first seed that breaks a law, makes its plan smaller while it still breaks, prints the trace of the smallest, and exits 1.
 */
import { parseArgs } from 'node:util';
import { type SimulationResult, simulate } from '@tributary/testkit/simulation/simulation';
import { DEFAULT_PLAN, DISASTERS, type SimulationPlan } from '@tributary/testkit/simulation/storm';
import type { PartsUnderTest } from '@tributary/testkit/simulation/world';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';
import { startSimulatedFolders } from './simulation-on-folder.ts';
import { startSimulatedStores } from './simulation-on-redis.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
    verbose: { type: 'boolean', default: false },
    /** Report the first failure as it is. */
    quick: { type: 'boolean', default: false },
    redis: { type: 'boolean', default: false },
    folder: { type: 'boolean', default: false },
  },
});

const stores = values.redis ? await startSimulatedStores() : undefined;
const folders = values.folder ? await startSimulatedFolders() : undefined;
const parts: PartsUnderTest = {
  ...PARTS_UNDER_TEST,
  ...(stores && { createStore: stores.createStore }),
  ...(folders && { createArchive: folders.createArchive }),
};
const stop = () => Promise.all([stores?.stop(), folders?.stop()]);
// What it started and made goes with it, once the seed that is under way is through.
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isStopped = true));
const from = Number(values.from);
const seeds = Number(values.seeds);
const started = performance.now();
const totals: Record<string, number> = {};
let tried = 0;
for (let seed = from; seed < from + seeds && !isStopped; seed++) {
  const result = await simulate(seed, parts);
  if (result.failure !== null) {
    await report(result);
    await stop();
    process.exit(1);
  }
  for (const [what, count] of Object.entries(result.counts)) totals[what] = (totals[what] ?? 0) + count;
  tried++;
  if (values.verbose || (seed - from + 1) % 1_000 === 0) {
    const perSeedMs = (performance.now() - started) / (seed - from + 1);
    console.error(`seed ${seed}: ${result.fingerprint}, ${perSeedMs.toFixed(1)} ms a seed`);
  }
}
console.log(
  JSON.stringify({ seeds: tried, from, failures: 0, seconds: Math.round((performance.now() - started) / 1000), ...totals }),
);
await stop();

async function report(broken: SimulationResult): Promise<void> {
  const { plan, result } = values.quick ? { plan: DEFAULT_PLAN, result: broken } : await smallest(broken);
  console.log(result.trace.join('\n'));
  console.log(`\nseed ${broken.seed} breaks a law; smallest plan found: ${JSON.stringify(plan)}\n${result.failure}`);
}

/** Takes away events, turns and disasters while the seed still fails. */
async function smallest(broken: SimulationResult): Promise<{ plan: SimulationPlan; result: SimulationResult }> {
  let best = { plan: DEFAULT_PLAN, result: broken };
  for (let progress = true; progress; ) {
    progress = false;
    const { events, turns, disasters } = best.plan;
    const candidates: SimulationPlan[] = [
      ...disasters.map((without) => ({
        ...best.plan,
        disasters: DISASTERS.filter((d) => d !== without && disasters.includes(d)),
      })),
      ...[2, 1.25, 1.05].map((by) => ({ ...best.plan, events: Math.floor(events / by) })),
      ...[2, 1.25, 1.05].map((by) => ({ ...best.plan, turns: Math.floor(turns / by) })),
    ];
    for (const plan of candidates) {
      if (JSON.stringify(plan) === JSON.stringify(best.plan) || plan.events < 1) continue;
      const result = await simulate(broken.seed, parts, plan);
      if (result.failure === null) continue;
      best = { plan, result };
      progress = true;
      break;
    }
  }
  return best;
}
