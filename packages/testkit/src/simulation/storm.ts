/** The disasters of the simulation: who is killed, paused, revived and replaced, and what the store and the operator do. */
import type { ServingStore } from '@tributary/store/serving-store';
import { collector, speedWorker, stranger, ticker } from './actors.ts';
import { reader } from './checks.ts';
import { coordinator, loseNewestGeneration, publish } from './generations.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { World } from './world.ts';

/** What may happen; shrinking a failing seed takes things away. */
export interface SimulationPlan {
  readonly events: number;
  /** Turns before the storm ends. */
  readonly turns: number;
  readonly disasters: readonly Disaster[];
}

export const DISASTERS = ['crash', 'pause', 'rewind', 'empty', 'rollback', 'put back'] as const;
export type Disaster = (typeof DISASTERS)[number];

export const DEFAULT_PLAN: SimulationPlan = { events: 60, turns: 400, disasters: DISASTERS };

/** Which processes there are, and how to start another one of a role. */
export interface Cast {
  readonly members: { readonly role: string; actor: Actor; until: number }[];
  start(role: string): void;
}

export function createCast(world: World, scheduler: Scheduler): Cast {
  const members: Cast['members'] = [];
  let started = 0;
  const cast: Cast = {
    members,
    start(role) {
      const name = `${role}${++started}`;
      const actor = scheduler.spawn(name, (turn) => {
        if (role === 'collector') return collector(world, name, turn);
        if (role === 'stranger') return stranger(world, name, turn);
        if (role === 'worker') return speedWorker(world, name, turn);
        if (role === 'archiver') return world.archive.archiver(world, name, turn);
        if (role === 'coordinator') return coordinator(world, name, turn);
        if (role === 'reader') return reader(world, name, turn);
        return ticker(world, turn);
      });
      members.push({ role, actor, until: 0 });
    },
  };
  const workers = world.random.between(1, 3);
  for (let i = 0; i < workers; i++) cast.start('worker');
  for (const role of ['collector', 'collector', 'stranger', 'archiver', 'coordinator', 'reader', 'ticker']) cast.start(role);
  return cast;
}

export async function storm(world: World, scheduler: Scheduler, cast: Cast, plan: SimulationPlan): Promise<void> {
  const { random } = world;
  const checkpoints: Checkpoint[] = [];
  const empty: Checkpoint[] = [];
  for (let partition = 0; partition < world.partitions; partition++)
    empty.push({ partition, restore: await world.store.checkpoint(partition) });
  const serving = world.store.serving();
  for (let turn = 0; turn < plan.turns; turn++) {
    await scheduler.step();
    for (const member of cast.members)
      if (member.actor.state === 'paused' && member.until <= turn) {
        member.actor.state = 'alive';
        world.note(`${member.actor.name} wakes`);
      }
    if (random.chance(0.02)) {
      const partition = random.below(world.partitions);
      checkpoints.push({ partition, restore: await world.store.checkpoint(partition) });
    }
    if (!random.chance(0.04) || plan.disasters.length === 0) continue;
    const disaster = random.pick(plan.disasters);
    // Where nothing else says who is erased, more often.
    const isPutBack = world.forgotten !== null && plan.disasters.includes('put back') && random.chance(0.5);
    await strike({ world, scheduler, cast, turn, checkpoints, empty, serving }, isPutBack ? 'put back' : disaster);
  }
}

interface Checkpoint {
  readonly partition: number;
  /** The partition has stored what it had then. */
  readonly restore: () => Promise<void>;
}

interface Moment {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly cast: Cast;
  readonly turn: number;
  readonly checkpoints: readonly Checkpoint[];
  /** Each partition before its first commit. */
  readonly empty: readonly Checkpoint[];
  readonly serving: ServingStore;
}

async function strike({ world, scheduler, cast, turn, checkpoints, empty, serving }: Moment, disaster: Disaster): Promise<void> {
  const { random } = world;
  const alive = cast.members.filter(({ actor, role }) => actor.state === 'alive' && role !== 'reader' && role !== 'ticker');
  if (disaster === 'rewind') {
    if (checkpoints.length === 0) return;
    // One of the newer ones: a store loses its latest writes, not its history.
    const { partition, restore } = random.pick(checkpoints.slice(-3));
    await restore();
    world.count('rewind');
    world.note(`the store loses its newest writes to p${partition}`);
  } else if (disaster === 'put back') {
    // In some runs only, as behind an emptied store: an older copy than the log reaches back to.
    if (!world.trims || checkpoints.length === 0) return;
    const { partition, restore } = random.pick(random.chance(0.5) ? checkpoints : checkpoints.slice(0, 3));
    await restore();
    world.count('put back');
    if (world.forgotten !== null) world.count('put back behind users who were taken out');
    world.note(`the store of p${partition} is put back to an older copy`);
  } else if (disaster === 'empty') {
    // In some runs only: after it an incomplete answer needs no other reason.
    if (!world.trims) return;
    const partition = random.below(world.partitions);
    await empty[partition]?.restore();
    world.count('empty');
    world.note(`the store loses all of p${partition}`);
  } else if (disaster === 'rollback') {
    const kept = [...world.computed.keys()];
    if (kept.length > 0 && world.publications.length > 0)
      await publish(world, 'operator', random.pick(kept), 'rollback', serving);
  } else if (alive.length > 0) {
    const victim = random.pick(alive);
    world.count(disaster);
    world.note(`${victim.actor.name}: ${disaster}`);
    if (disaster === 'crash') {
      // What it wrote last was not on the disk yet, or the folder was put back to an older copy.
      if (victim.role === 'coordinator' && turn % 2 === 0) loseNewestGeneration(world);
      if (victim.role === 'archiver' && turn % 2 === 0) await loseNewestSegments(world);
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

/** Where the log still has everything: behind a trimmed one, what the archive loses is lost. */
async function loseNewestSegments(world: World): Promise<void> {
  if (world.trims) return;
  for (let lost = await world.archive.loseNewest(world); lost > 0; lost--) world.count('a lost segment');
  world.note('the data folder loses its newest segments');
}
