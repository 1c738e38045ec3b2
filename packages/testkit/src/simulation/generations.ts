/** The batch side of the simulation: coordinators, and the data folder that they write and the API reads. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { TributaryError } from '@tributary/model/errors';
import type { Barrier } from '@tributary/model/partition-record';
import { userKeyOf } from '@tributary/model/user-key';
import type { ServingStore } from '@tributary/store/serving-store';
import { byPartition as byPartitionOf, GROUPED_VIEWS, keyOfGroup } from '@tributary/views/by-partition';
import { addRow, addRowsByView, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { changeDefinitions } from '../inputs/generate-definitions.ts';
import { pendingGeneration } from '../inputs/pending-generation.ts';
import { naive } from '../oracle/naive.ts';
import { naiveUnforgotten } from '../oracle/naive-erasure.ts';
import { recordsOf } from './forgetting.ts';
import type { Turn } from './scheduler.ts';
import { operational, type SimulatedGenerations, type World } from './world.ts';

/** Begins generations, computes them once sealed, publishes, retires. Several may be at it, some of them long dead. */
export async function coordinator(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  const log = world.connectLog(turn);
  const serving = world.store.serving(turn);
  for (;;) {
    const newest = world.publications.at(-1);
    if (newest !== undefined) await serving.setPointer(newest);
    for (let idle = random.between(1, world.calm ? 1 : 25); idle > 0; idle--) await turn();
    const expectedSequence = world.publications.length;
    const generation = begin(world, name);
    await world.archive.begin(generation, world.parts.parse(world.begun.get(generation) as string));
    if (!(await writeBarriers(world, name, log, generation, turn))) continue;
    if (!(await untilSealed(world, generation, turn))) {
      world.count('superseded');
      world.note(`${name}: g${generation} is superseded`);
      continue;
    }
    if (generation < world.retiredBefore) continue;
    if (!world.computed.has(generation)) await compute(world, generation);
    await turn();
    if (world.publications.length !== expectedSequence || !world.computed.has(generation)) continue;
    await publish(world, name, generation, 'publish', serving);
    if (random.chance(0.5)) await retire(world, turn, serving);
    if (world.trims && random.chance(0.5)) await forget(world, serving);
  }
}

function begin(world: World, name: string): number {
  const { random, begun } = world;
  const last = Math.max(0, ...begun.keys());
  // A coordinator that finds an unfinished generation takes it up again: its barriers appear twice.
  if (last > 0 && !world.computed.has(last) && random.chance(0.4)) return last;
  const before = begun.get(last) ?? world.initial.json;
  const lateness = world.trims ? 'same' : world.restamps ? 'no shorter' : 'any';
  const changed = random.chance(0.25) ? changeDefinitions(random, world.parts.parse(before), lateness).json : before;
  begun.set(last + 1, changed);
  world.note(`${name}: begins g${last + 1}${changed === before ? '' : ' with other definitions'}`);
  return last + 1;
}

async function writeBarriers(
  world: World,
  name: string,
  log: ReturnType<World['connectLog']>,
  generation: number,
  turn: Turn,
): Promise<boolean> {
  const { random } = world;
  // Parked with other definitions, it would leave the layers with two of them: that is another fault.
  const mayBeParked = [...world.begun.values()].every((json) => json === world.initial.json);
  const body = JSON.stringify({ generation, definitions: world.begun.get(generation) as string } satisfies Barrier);
  for (const partition of random.shuffle(Array.from({ length: world.partitions }, (_, p) => p))) {
    for (let [attempt, copies] = [1, 1]; ; attempt++) {
      if (!world.calm && random.chance(0.1)) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
      try {
        const position = await log.append(partition, { kind: 'barrier', body });
        world.note(`${name}: barrier g${generation} in p${partition}`);
        if (world.calm || copies > 1 || !mayBeParked || !random.chance(0.1)) break;
        parkInOneLayer(world, generation, partition, position);
        for (let idle = random.between(1, 20); idle > 0; idle--) await turn();
        copies++;
      } catch (error) {
        operational(error);
        if (attempt === 3) return false;
      }
    }
  }
  return true;
}

/** An older reader beside newer ones: the coordinator that continues the generation appends another copy, which both layers know. */
function parkInOneLayer(world: World, generation: number, partition: number, position: string): void {
  const layer = world.random.pick(['speed', 'archive'] as const);
  world.parkedBy.set(`${partition} ${position}`, layer);
  world.cutApart.add(`${generation} ${partition}`);
  world.count('a parked barrier');
  world.note(`${layer} parks the barrier g${generation} in p${partition} at ${position}`);
}

/** False when some partition was cut by a newer generation first, or no archiver seals it: the next one supersedes it. */
async function untilSealed(world: World, generation: number, turn: Turn): Promise<boolean> {
  for (let patience = 0; patience < 200; patience++) {
    const archive = await world.archive.seals();
    if (archive.every(({ cuts }) => cuts.has(generation))) return true;
    if (archive.some(({ cuts, sealed }) => sealed > generation && !cuts.has(generation))) return false;
    await turn();
  }
  return false;
}

/** view(g): the oracle over the archived prefix. That SQL computes the same is law 5. */
async function compute(world: World, generation: number): Promise<void> {
  const json = world.begun.get(generation) as string;
  const definitions = world.parts.parse(json);
  const rows: RowsByView = new Map();
  const byPartition: RowsByView = new Map(GROUPED_VIEWS.map(({ name }) => [name, new Map()]));
  for (let partition = 0; partition < world.partitions; partition++) {
    const archived = [...recordsOf(world.forgotten, partition), ...(await world.archive.events(partition, generation))];
    const own = naive(naiveUnforgotten(archived), definitions);
    addRowsByView(rows, own);
    for (const view of GROUPED_VIEWS)
      for (const [key, measures] of own.get(view.name) ?? [])
        addRow(rowsOf(byPartition, view.name), `${keyOfGroup(view, key)}\t${partition}`, measures);
  }
  const cut = (await world.archive.seals()).map(({ cuts }) => cuts.get(generation) as string);
  world.cuts.set(generation, cut);
  const manifest: GenerationManifest = {
    ...pendingGeneration(definitions),
    generation,
    state: 'computed',
    createdAt: 0,
    computedAt: 0,
    cut,
    views: Object.fromEntries(
      [...VIEWS, ...GROUPED_VIEWS.map(byPartitionOf)].map(({ name }) => [name, [{ path: '', rows: 0, bytes: 0, sha256: '' }]]),
    ),
  };
  world.computed.set(generation, { manifest, rows, byPartition });
}

/** The caller has checked, in the same turn, that the generation is computed and the sequence what it expected. */
export async function publish(
  world: World,
  name: string,
  generation: number,
  action: 'publish' | 'rollback',
  serving: ServingStore,
): Promise<void> {
  const sequence = world.publications.length + 1;
  world.publications.push({ sequence, generation, action, held: false, at: 0, by: name });
  world.count(action);
  world.note(`${name}: ${action} g${generation} as ${sequence}`);
  await serving.setPointer({ sequence, generation });
}

/** Keeps the two newest and the one that readers take; a manifest goes before its deltas. */
async function retire(world: World, turn: Turn, serving: ServingStore): Promise<void> {
  const kept = [...world.computed.keys()].sort((a, b) => a - b).slice(-2);
  const current = world.publications.at(-1)?.generation;
  const oldest = Math.min(...kept, current ?? 0);
  world.retiredBefore = Math.max(world.retiredBefore, oldest);
  for (const generation of [...world.computed.keys()]) if (generation < oldest) world.computed.delete(generation);
  await turn();
  if (oldest === 0 || kept.length < 2) return;
  world.readFrom = Math.max(world.readFrom, oldest);
  await serving.retireDeltas(oldest);
  world.count('retire');
  world.note(`retired everything before g${oldest}`);
}

/** Whom all generations know that are kept. What came after others goes from the store first. */
async function forget(world: World, serving: ServingStore): Promise<void> {
  const { archive, forgotten, cuts } = world;
  const generation = Math.min(...world.computed.keys());
  if (archive.forget === undefined || !world.computed.has(generation)) return;
  world.readFrom = Math.max(world.readFrom, generation);
  await serving.retireDeltas(generation);
  if (generation !== Math.min(...world.computed.keys())) return;
  const cut = cuts.get(generation) as readonly string[];
  if (forgotten !== null && cut.some((position, partition) => position < (forgotten.cut[partition] as string))) return;
  const taken = archive.forget(generation, forgotten?.partitions ?? []);
  for (const { gone } of taken) for (const event of gone) world.gone.add(`${userKeyOf(event)}\n${event.id}`);
  world.forgotten = { generation, cut, partitions: taken.map((one) => one.forgotten) };
  // One that was begun before it is not kept: its cut lies before records that are gone now.
  world.retiredBefore = Math.max(world.retiredBefore, generation);
  if (taken.every(({ gone }) => gone.size === 0)) return;
  world.count('erased users taken out of the archive');
  world.note(`the archive up to g${generation} is written again without erased users`);
}

export function generationsOf(world: World, turn: Turn): SimulatedGenerations {
  const answer = async <T>(work: () => T): Promise<T> => {
    await turn();
    return work();
  };
  return {
    publication: () => answer(() => world.publications.at(-1) ?? null),
    manifests: () => answer(() => [...world.computed.values()].map(({ manifest }) => manifest).reverse()),
    manifest: (generation) => answer(() => world.computed.get(generation)?.manifest ?? null),
    viewRows: ({ generation }) =>
      answer(() => {
        const found = world.computed.get(generation);
        if (found === undefined) throw new TributaryError('archive_corrupt', `the files of generation ${generation} are gone`);
        return found.rows;
      }),
    rowsByPartition: ({ generation }, { name }) =>
      answer(() => {
        const rows = world.computed.get(generation)?.byPartition.get(name);
        if (rows === undefined) throw new TributaryError('archive_corrupt', `the files of generation ${generation} are gone`);
        return rows;
      }),
  };
}

/** The newest generation is begun again, or a newer one; readers that have it keep it, others get none or an older one. */
export function loseNewestGeneration(world: World): void {
  const newest = Math.max(...world.computed.keys());
  if (!world.computed.delete(newest)) return;
  world.count('a lost generation');
  world.note(`the data folder loses g${newest}`);
}
