/** The end of the simulation: faults stop, and everything must come right. */

import { ERASE_TYPE, isErasureType } from '@tributary/model/erasure';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { userKeyOf } from '@tributary/model/user-key';
import { notCounted } from '@tributary/store/counted-views';
import type { ServingStore } from '@tributary/store/serving-store';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { firstArrivals } from '../inputs/generate.ts';
import { differences } from '../oracle/compare-rows.ts';
import { naive } from '../oracle/naive.ts';
import { naiveCorrected } from '../oracle/naive-corrections.ts';
import { naiveUnforgotten } from '../oracle/naive-erasure.ts';
import { checkAnswer } from './checks.ts';
import { coordinator } from './generations.ts';
import type { Scheduler } from './scheduler.ts';
import type { Cast } from './storm.ts';
import type { World } from './world.ts';

/** Turns that the end may take: far more than any run needs. */
const CALM_TURNS = 20_000;

/** Faults end, zombies wake, everything is read, and one more generation is computed over all of it. */
export async function calm(world: World, scheduler: Scheduler, cast: Cast): Promise<RowsByView> {
  world.calm = true;
  world.note('calm');
  for (const { actor } of cast.members) if (actor.state === 'paused') actor.state = 'alive';
  await until(scheduler, () => world.unsent.length === 0, 'every event is acknowledged');
  // The worker that is left, even a former zombie, must catch up by itself.
  const survivor = world.random.pick(cast.members.filter(({ role }) => role === 'worker'));
  for (const member of cast.members) if (member.role === 'worker' && member !== survivor) scheduler.kill(member.actor);
  for (const { actor, role } of cast.members) if (role === 'collector' || role === 'coordinator') scheduler.kill(actor);
  const caughtUp = async () => {
    const states = await world.store.serving().states();
    return states.every((state, partition) => Number(state?.position ?? 0) === world.disk.partitions[partition]?.written);
  };
  // Heartbeats go on until then: a worker learns that the store lost its writes when it has something to commit.
  await until(scheduler, caughtUp, 'the speed layer has read everything');
  for (const { actor, role } of cast.members) if (role === 'ticker') scheduler.kill(actor);
  await until(scheduler, caughtUp, 'the speed layer has read the last heartbeats');
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
  const generations = [...world.computed.keys()].sort((a, b) => a - b);
  // A folder that lost every generation gives no answer once the deltas of generation 0 are retired.
  if (generations.length === 0 && !(await isRetired(serving, 0))) generations.push(0);
  for (const generation of generations) {
    const answers = await serving.deltas(
      VIEWS.map(({ name }) => name),
      generation,
    );
    const rows: RowsByView = new Map();
    addRowsByView(rows, world.computed.get(generation)?.rows ?? new Map());
    for (const answer of answers) addRowsByView(rows, answer.rows);
    const pending = answers.reduce((sum, answer) => sum + answer.pending, 0);
    const positions = answers.map(({ state }) => state?.position ?? null);
    const overflowed = answers.reduce((sum, answer) => sum + answer.overflowed, 0);
    const cut = world.computed.get(generation)?.manifest.cut ?? [];
    const cutApart = answers.some(({ state }, partition) => state?.barriers?.get(generation) !== cut[partition]);
    const states = answers.map(({ state }) => state);
    const complete = overflowed === 0 && !cutApart && notCounted(states, VIEWS, generation).length === 0;
    const warnings = [`${overflowed} events overflowed${cutApart ? ', and the layers are cut apart' : ''}`];
    checkAnswer(world, 'at rest', { generation, rows, groups: null, pending, complete, warnings, positions }, true);
    newest = rows;
  }
  return newest;
}

async function isRetired(serving: ServingStore, generation: number): Promise<boolean> {
  try {
    await serving.deltas([], generation);
    return false;
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'deltas_retired') return true;
    throw error;
  }
}

async function until(scheduler: Scheduler, done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let turn = 0; turn < CALM_TURNS; turn++) {
    if (await done()) return;
    if (!(await scheduler.step())) break;
  }
  if (!(await done())) throw new Error(`it never came about that ${what}`);
}

/** Law 9 in the store, wherever it was put back to. */
async function demandGone(world: World): Promise<void> {
  world.count('an erasure to the end');
  for (const [partition, { arrivals }] of world.ledgers.entries()) {
    const last = new Map(arrivals.map(({ event }) => [userKeyOf(event), '']));
    for (const { event } of arrivals) if (isErasureType(event.type)) last.set(userKeyOf(event), event.type);
    const users = [...last].flatMap(([userKey, type]) => (type === ERASE_TYPE ? [{ partition, userKey }] : []));
    for (const [i, record] of (await world.store.serving().records(users, 1e6)).entries())
      if (record !== null) throw new Error(`law 9: the store has a record of ${users[i]?.userKey}, who is erased`);
  }
}

/** Laws 1, 3 and 6 over everything that was ever sent. */
export async function checkEnd(world: World, final: RowsByView, sent: readonly Event[]): Promise<void> {
  const arrived = world.ledgers.flatMap((ledger) => naiveUnforgotten(ledger.arrivals.map(({ event }) => event)));
  const forgets = sent.some(({ source }) => source === 'tributary');
  const rules = world.parts.parse(world.begun.get(Math.max(...world.begun.keys())) as string);
  const wrong = differences(final, naive(arrived, rules));
  if (wrong.length > 0) throw new Error(`law 1: after the last generation:\n  ${wrong.slice(0, 8).join('\n  ')}`);
  const archived = new Set<string>();
  for (let partition = 0; partition < world.partitions; partition++)
    for (const event of await world.archive.events(partition, null)) archived.add(`${userKeyOf(event)}\n${event.id}`);
  for (const event of world.acknowledged)
    if (!archived.has(`${userKeyOf(event)}\n${event.id}`) && !world.gone.has(`${userKeyOf(event)}\n${event.id}`))
      throw new Error(`law 6: ${event.id} was acknowledged and is not archived`);
  if (forgets) return demandGone(world);
  const counted = [...(final.get('activity')?.values() ?? [])].reduce((sum, [events]) => sum + (events as number), 0);
  const distinct = firstArrivals(sent).length;
  const dropped = firstArrivals(arrived).filter((event) => naiveCorrected(event, rules) === null).length;
  if (counted !== distinct - dropped)
    throw new Error(`law 3: ${counted} events are counted, ${distinct} were sent, and corrections dropped ${dropped}`);
  if (dropped > 0) world.count('dropped by a correction');
}
