/**
 * The whole pipeline in one process under a seeded scheduler: collectors, workers, archiver, coordinators and readers
 * take turns; the seed kills, pauses and revives them, loses replies, duplicates appends, rolls the store back and the
 * generation too. Every answer that a reader gets is held against the oracle; in the end all must be exact.
 *
 * The same seed and plan give the same run, bit for bit (`fingerprint`).
 */
import type { ServingStore } from '@tributary/kv/serving-port';
import { userKeyOf } from '@tributary/model/user-key';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { canonicalRows, differences } from './compare-rows.ts';
import { firstArrivals, generateEvents } from './generate.ts';
import { generateDefinitions, sha256Hex } from './generate-definitions.ts';
import { naive } from './naive.ts';
import { createRandom } from './random.ts';
import { archiver, checkAnswer, collector, coordinator, publish, reader, speedWorker, ticker } from './simulation-actors.ts';
import { type Actor, createScheduler, type Scheduler } from './simulation-scheduler.ts';
import { createWorld, type PartsUnderTest, type World } from './simulation-world.ts';

/** What may happen; shrinking a failing seed takes things away. */
export interface SimulationPlan {
  readonly events: number;
  /** Turns before the storm ends. */
  readonly turns: number;
  readonly disasters: readonly Disaster[];
}

export const DISASTERS = ['crash', 'pause', 'rewind', 'rollback'] as const;
export type Disaster = (typeof DISASTERS)[number];

export const DEFAULT_PLAN: SimulationPlan = { events: 60, turns: 400, disasters: DISASTERS };

export interface SimulationResult {
  readonly seed: number;
  readonly failure: string | null;
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** Hash of the trace and of the final answer. */
  readonly fingerprint: string;
}

/** Turns that the end may take: far more than any run needs. */
const CALM_TURNS = 20_000;

export async function simulate(
  seed: number,
  parts: PartsUnderTest,
  plan: SimulationPlan = DEFAULT_PLAN,
): Promise<SimulationResult> {
  const random = createRandom(seed);
  const definitions = generateDefinitions(random);
  const world = createWorld(random, random.between(1, 3), definitions, parts);
  const shape = {
    events: plan.events,
    users: random.between(2, 6),
    lateChance: random.chance(0.5) ? 0 : 0.15,
    duplicateChance: 0.12,
  };
  world.unsent.push(...generateEvents(random, shape, definitions));
  const sent = world.unsent.slice();
  const scheduler = createScheduler(random);
  let failure: string | null = null;
  let final: RowsByView = new Map();
  try {
    const cast = createCast(world, scheduler);
    await storm(world, scheduler, cast, plan);
    final = await calm(world, scheduler, cast);
    checkEnd(world, final, sent);
  } catch (error) {
    failure = (error as Error).stack ?? String(error);
  } finally {
    for (const actor of scheduler.actors) scheduler.kill(actor);
  }
  const fingerprint = sha256Hex(JSON.stringify([world.trace, canonicalRows(final)])).slice(0, 16);
  return { seed, failure, trace: world.trace, counts: world.counts, fingerprint };
}

/** Which processes there are, and how to start another one of a role. */
interface Cast {
  readonly members: { readonly role: string; actor: Actor; until: number }[];
  start(role: string): void;
}

function createCast(world: World, scheduler: Scheduler): Cast {
  const members: Cast['members'] = [];
  let started = 0;
  const cast: Cast = {
    members,
    start(role) {
      const name = `${role}${++started}`;
      const actor = scheduler.spawn(name, (turn) => {
        if (role === 'collector') return collector(world, name, turn);
        if (role === 'worker') return speedWorker(world, name, turn);
        if (role === 'archiver') return archiver(world, turn);
        if (role === 'coordinator') return coordinator(world, name, turn);
        if (role === 'reader') return reader(world, name, turn);
        return ticker(world, turn);
      });
      members.push({ role, actor, until: 0 });
    },
  };
  const workers = world.random.between(1, 3);
  for (let i = 0; i < workers; i++) cast.start('worker');
  for (const role of ['collector', 'collector', 'archiver', 'coordinator', 'reader', 'ticker']) cast.start(role);
  return cast;
}

async function storm(world: World, scheduler: Scheduler, cast: Cast, plan: SimulationPlan): Promise<void> {
  const { random } = world;
  const snapshots: { readonly partition: number; readonly stored: unknown }[] = [];
  const serving = world.store.serving();
  for (let turn = 0; turn < plan.turns; turn++) {
    await scheduler.step();
    for (const member of cast.members)
      if (member.actor.state === 'paused' && member.until <= turn) {
        member.actor.state = 'alive';
        world.tell(`${member.actor.name} wakes`);
      }
    if (random.chance(0.02)) {
      const partition = random.below(world.partitions);
      snapshots.push({ partition, stored: world.store.snapshot(partition) });
    }
    if (!random.chance(0.04) || plan.disasters.length === 0) continue;
    await strike(world, scheduler, cast, random.pick(plan.disasters), turn, snapshots, serving);
  }
}

async function strike(
  world: World,
  scheduler: Scheduler,
  cast: Cast,
  disaster: Disaster,
  turn: number,
  snapshots: readonly { readonly partition: number; readonly stored: unknown }[],
  serving: ServingStore,
): Promise<void> {
  const { random } = world;
  const alive = cast.members.filter(({ actor, role }) => actor.state === 'alive' && role !== 'reader' && role !== 'ticker');
  if (disaster === 'rewind') {
    if (snapshots.length === 0) return;
    // One of the newer ones: a store loses its latest writes, not its history.
    const { partition, stored } = random.pick(snapshots.slice(-3));
    world.store.restore(partition, stored);
    world.count('rewind');
    world.tell(`the store loses its newest writes to p${partition}`);
  } else if (disaster === 'rollback') {
    const kept = [...world.computed.keys()];
    if (kept.length > 0 && world.publications.length > 0)
      await publish(world, 'operator', random.pick(kept), 'rollback', serving);
  } else if (alive.length > 0) {
    const victim = random.pick(alive);
    world.count(disaster);
    world.tell(`${victim.actor.name}: ${disaster}`);
    if (disaster === 'crash') {
      scheduler.kill(victim.actor);
      cast.members.splice(cast.members.indexOf(victim), 1);
      cast.start(victim.role);
    } else {
      victim.actor.state = 'paused';
      victim.until = turn + random.between(20, 200);
      // Somebody takes over from the one that went silent; when it wakes, it is a zombie.
      if (cast.members.length < 14) cast.start(victim.role);
    }
  }
}

/** Faults end, zombies wake, everything is read, and one more generation is computed over all of it. */
async function calm(world: World, scheduler: Scheduler, cast: Cast): Promise<RowsByView> {
  world.calm = true;
  world.tell('calm');
  for (const { actor } of cast.members) if (actor.state === 'paused') actor.state = 'alive';
  await until(scheduler, () => world.unsent.length === 0, 'every event is acknowledged');
  for (const { actor, role } of cast.members)
    if (role === 'collector' || role === 'ticker' || role === 'coordinator') scheduler.kill(actor);
  const caughtUp = async () => {
    const states = await world.store.serving().states();
    return states.every(
      (state, partition) => (state?.position ?? null) === (world.disk.partitions[partition]?.entries.at(-1)?.position ?? null),
    );
  };
  await until(scheduler, caughtUp, 'the speed layer has read everything');
  await checkAll(world);
  const last = Math.max(0, ...world.begun.keys());
  scheduler.spawn('last coordinator', (turn) => coordinator(world, 'last coordinator', turn));
  await until(scheduler, () => (world.publications.at(-1)?.generation ?? 0) > last, 'a last generation is published');
  for (const actor of scheduler.actors) if (actor.name === 'last coordinator') scheduler.kill(actor);
  await until(scheduler, caughtUp, 'the speed layer has read the last barriers');
  return checkAll(world);
}

/** Every generation that is still kept merges to the same exact answer: rollback is exact as well. */
async function checkAll(world: World): Promise<RowsByView> {
  const serving = world.store.serving();
  let newest: RowsByView = new Map();
  const oldestKept = world.computed.size === 0 ? [0] : [];
  for (const generation of [...oldestKept, ...[...world.computed.keys()].sort((a, b) => a - b)]) {
    const answers = await serving.deltas(['activity', 'touches', 'conversions', 'credit'], generation);
    const rows: RowsByView = new Map();
    addRowsByView(rows, world.computed.get(generation)?.rows ?? new Map());
    for (const answer of answers) addRowsByView(rows, answer.rows);
    const pending = answers.reduce((sum, answer) => sum + answer.pending, 0);
    checkAnswer(world, 'at rest', generation, rows, pending, answers);
    newest = rows;
  }
  return newest;
}

async function until(scheduler: Scheduler, done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let turn = 0; turn < CALM_TURNS; turn++) {
    if (await done()) return;
    if (!(await scheduler.step())) break;
  }
  if (!(await done())) throw new Error(`it never came about that ${what}`);
}

/** Laws 1, 3 and 6 over everything that was ever sent. */
function checkEnd(world: World, final: RowsByView, sent: ReturnType<typeof generateEvents>): void {
  const arrived = world.ledgers.flatMap((ledger) => ledger.arrivals.map(({ event }) => event));
  const rules = world.parts.parse(world.begun.get(Math.max(...world.begun.keys())) as string);
  const wrong = differences(final, naive(arrived, rules));
  if (wrong.length > 0) throw new Error(`law 1: after the last generation:\n  ${wrong.slice(0, 8).join('\n  ')}`);
  const archived = new Set(world.archive.flatMap(({ events }) => events.map((event) => `${userKeyOf(event)}\n${event.id}`)));
  for (const event of world.acknowledged)
    if (!archived.has(`${userKeyOf(event)}\n${event.id}`))
      throw new Error(`law 6: ${event.id} was acknowledged and is not archived`);
  const counted = [...(final.get('activity')?.values() ?? [])].reduce((sum, [events]) => sum + (events as number), 0);
  const distinct = firstArrivals(sent).length;
  if (counted !== distinct) throw new Error(`law 3: ${counted} events are counted, ${distinct} were sent`);
}
