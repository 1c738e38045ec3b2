/** The processes that events pass through. Each is a loop whose every step outside itself takes a turn, and may be its last. */

import type { EventLog } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { erasedOf } from './forgetting.ts';
import type { Turn } from './scheduler.ts';
import { noteCommit, operational, throughOlder, type World } from './world.ts';

const GARBAGE = ['{"ts":1,"type":', 'not json', '{"ts":"soon","type":"click","id":"x"}', '', `{"ts":1,"x":${'['.repeat(9_000)}`];
/** Any client with access to the log may write this: what is not a barrier, one far ahead, one without definitions, one with unreadable ones. */
const BARRIERS = [
  'null',
  '{',
  '[]',
  '{"generation":1e9,"definitions":"{}"}',
  '{"generation":7}',
  '{"generation":8,"definitions":"[["}',
];

/** Hours that the clock of a process is ahead, or behind; by more than a day the log takes nothing from it. */
const SKEWS = [0, 0, 0, -3, 1, 5, 23, 48];

/** Takes what clients send and appends it; a failed append is sent again by the client, as it was or with another time. */
export async function collector(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  const log = world.connectLog(turn);
  const aheadMs = world.trims ? 0 : random.pick(SKEWS) * HOUR_MS;
  for (;;) {
    await turn();
    // Peeked, not taken: a collector that dies before the acknowledgement leaves its events with the client.
    const events = world.unsent.slice(0, random.between(1, 4));
    if (events.length === 0) continue;
    world.nowMs = Math.max(world.nowMs, ...events.map((event) => event.receivedAt));
    const skewMs = world.calm ? 0 : aheadMs;
    if (skewMs !== 0) world.count(skewMs > 0 ? 'a clock ahead' : 'a clock behind');
    for (const [partition, own] of groupByPartition(events, world.partitions)) {
      const lines = own.map((event) => encodeEvent({ ...event, receivedAt: event.receivedAt + skewMs }));
      if (!world.calm && random.chance(0.04)) lines.splice(random.below(lines.length + 1), 0, random.pick(GARBAGE));
      if (!world.calm && random.chance(0.1)) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
      try {
        await log.append(partition, { kind: 'events', body: lines.join('\n') });
        world.note(`${name}: p${partition} got ${own.map(({ id }) => id).join(' ')}`);
      } catch (error) {
        operational(error);
        world.count('append failed');
        world.note(`${name}: the append of ${own.map(({ id }) => id).join(' ')} to p${partition} failed; sent again later`);
        continue;
      }
      // Parked, until an operator corrects the clock and the events are sent again.
      if (skewMs > DAY_MS) continue;
      world.acknowledged.push(...own);
      // Another collector may have sent some of them too meanwhile: then they are duplicates.
      for (const event of own) {
        const at = world.unsent.indexOf(event);
        if (at >= 0) world.unsent.splice(at, 1);
      }
    }
  }
}

/** A producer with another partitioner, or without keys: what it sends lies in any partition, and is acknowledged all the same. */
export async function stranger(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  const log = world.connectLog(turn);
  for (;;) {
    for (let idle = random.between(1, 6); idle > 0; idle--) await turn();
    const event = world.unsent[0];
    if (event === undefined || world.calm) continue;
    world.nowMs = Math.max(world.nowMs, event.receivedAt);
    const partition = random.below(world.partitions);
    await log.append(partition, { kind: 'events', body: encodeEvent(event) });
    if (partitionOf(userKeyOf(event), world.partitions) !== partition) world.count('a misplaced event');
    world.note(`${name}: p${partition} got ${event.id}`);
    world.acknowledged.push(event);
    // A collector may have sent it too meanwhile: then it is a duplicate.
    const at = world.unsent.indexOf(event);
    if (at >= 0) world.unsent.splice(at, 1);
  }
}

/** Moves the log time of idle partitions; at times somebody writes there what no coordinator would. */
export async function ticker(world: World, turn: Turn): Promise<void> {
  const log = world.connectLog(turn);
  const aheadMs = world.random.pick(SKEWS) * HOUR_MS;
  for (;;) {
    for (let idle = world.random.between(5, 40); idle > 0; idle--) await turn();
    if (world.nowMs === 0) continue;
    const partition = world.random.below(world.partitions);
    if (!world.calm && world.random.chance(0.3)) {
      const kind = world.random.pick(['barrier', 'barrier', 'heartbeat'] as const);
      world.count('poison');
      await log.append(partition, { kind, body: world.random.pick(BARRIERS) });
    }
    const receivedAt = world.nowMs + (world.calm ? 0 : aheadMs);
    await log.append(partition, { kind: 'heartbeat', body: JSON.stringify({ receivedAt }) });
  }
}

export async function speedWorker(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  let commits = 0;
  const fault = () => (world.calm || random.chance(0.92) ? 'none' : random.pick(['lostReply', 'notApplied'] as const));
  const store = world.store.speed(turn, fault);
  const maxEntries = random.between(1, 4);
  const log = world.connectLog(turn);
  // Misplaced events: a worker appends nothing else.
  const append: EventLog['append'] = (partition, record) => {
    world.count('a misplaced event appended');
    if (!world.calm && random.chance(0.2)) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
    return log.append(partition, record);
  };
  const worker = world.parts.createWorker({
    log: throughOlder(world, { ...log, append }, 'speed'),
    archive: world.archive.entries(world, turn),
    onRecall: () => world.count('a replay of the archive'),
    erased: erasedOf(world, turn),
    oldestRead: async () => world.readFrom,
    store: {
      ...store,
      async commit(commit) {
        try {
          const outcome = await store.commit(commit);
          noteCommit(world, name, commit, outcome);
          return outcome;
        } catch (error) {
          noteCommit(world, name, commit, 'reply lost');
          throw error;
        }
      },
    },
    definitions: world.initial,
    partitions: Array.from({ length: world.partitions }, (_, partition) => partition),
    commitId: () => `${name}:${++commits}`,
    limits: {
      maxEntries,
      // Some end every round after one entry, some read one record at a time, some take one partition of a read at a time.
      ...(maxEntries % 2 === 0 && { turnWork: 0 }),
      ...(maxEntries > 2 && { readBytes: 1, loadBytes: 1 }),
      ...(maxEntries % 3 !== 0 && { takenBytes: 1 }),
      waitMs: 0,
      maxTimelineEvents: world.maxTimelineEvents,
      maxCachedEvents: random.pick([1, 8, 1_000]),
      shelvedAfter: 2,
      trimRecordLength: random.pick([1, 1, 200, 1_500, 100_000]),
    },
    onReset: (partition, why) => world.note(`${name}: forgets p${partition}: ${why instanceof Error ? why.message : why}`),
  });
  for (;;) {
    try {
      await worker.runOnce();
    } catch (error) {
      operational(error);
    }
    await turn();
  }
}

export function groupByPartition(events: readonly Event[], partitions: number): Map<number, Event[]> {
  const groups = new Map<number, Event[]>();
  for (const event of events) {
    const partition = partitionOf(userKeyOf(event), partitions);
    groups.set(partition, [...(groups.get(partition) ?? []), event]);
  }
  return groups;
}
