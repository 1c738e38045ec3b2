/**
 * The whole pipeline in one process under a seeded scheduler: collectors, workers, archiver, coordinators and readers
 * take turns; the seed kills, pauses and revives them, loses replies, duplicates appends, rolls the store back and the
 * generation too. Every answer that a reader gets is held against the oracle; in the end all must be exact.
 *
 * The same seed and plan give the same run, bit for bit (`fingerprint`).
 */
import type { RowsByView } from '@tributary/views/deltas';
import { generateEvents } from '../inputs/generate.ts';
import { generateDefinitions, sha256Hex } from '../inputs/generate-definitions.ts';
import { withErasures } from '../inputs/generate-erasures.ts';
import { createRandom } from '../inputs/random.ts';
import { createMemoryStore } from '../memory/memory-store.ts';
import { canonicalRows } from '../oracle/compare-rows.ts';
import { createMemoryArchive } from './archive.ts';
import { calm, checkEnd } from './calm.ts';
import { createScheduler } from './scheduler.ts';
import { createCast, DEFAULT_PLAN, type SimulationPlan, storm } from './storm.ts';
import { createWorld, type PartsUnderTest } from './world.ts';

export interface SimulationResult {
  readonly seed: number;
  readonly failure: string | null;
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** Hash of the trace and of the final answer. */
  readonly fingerprint: string;
}

export async function simulate(
  seed: number,
  parts: PartsUnderTest,
  plan: SimulationPlan = DEFAULT_PLAN,
): Promise<SimulationResult> {
  const random = createRandom(seed);
  const definitions = generateDefinitions(random);
  const lateChance = random.chance(0.5) ? 0 : 0.15;
  const restamps = lateChance === 0 && random.chance(0.5);
  const trims = lateChance === 0 && random.chance(0.5);
  const partitions = random.between(1, 3);
  const store = (await parts.createStore?.(partitions)) ?? createMemoryStore({ partitions });
  const archive = (await parts.createArchive?.(partitions)) ?? createMemoryArchive(partitions);
  const world = createWorld(random, partitions, definitions, { restamps, trims, store, archive }, parts);
  const shape = { events: plan.events, users: random.pick([1, 2, 3, 6]), lateChance, duplicateChance: 0.12, restamps };
  world.unsent.push(...withErasures(generateEvents(random, shape, definitions), seed));
  const sent = world.unsent.slice();
  const scheduler = createScheduler(random, () => store.isBusy() || archive.isBusy());
  let failure: string | null = null;
  let final: RowsByView = new Map();
  try {
    const cast = createCast(world, scheduler);
    await storm(world, scheduler, cast, plan);
    final = await calm(world, scheduler, cast);
    await checkEnd(world, final, sent);
  } catch (error) {
    failure = (error as Error).stack ?? String(error);
  } finally {
    for (const actor of scheduler.actors) scheduler.kill(actor);
    await archive.close?.();
  }
  const fingerprint = sha256Hex(JSON.stringify([world.trace, canonicalRows(final)])).slice(0, 16);
  return { seed, failure, trace: world.trace, counts: world.counts, fingerprint };
}
