/** The processes that carry events. Each is a loop whose every step outside itself takes a turn, and may be its last. */
import { type Event, encodeEvent } from '@tributary/model/event';
import type { Barrier } from '@tributary/model/partition-record';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { readLine } from './simulation-ledger.ts';
import type { Turn } from './simulation-scheduler.ts';
import { operational, tellCommit, type World } from './simulation-world.ts';

const GARBAGE = ['{"ts":1,"type":', 'not json', '{"ts":"soon","type":"click","id":"x"}', ''];

/** Takes what clients send and appends it; a failed append is sent again by the client, as it was or stamped anew. */
export async function collector(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  const log = world.connectLog(turn);
  for (;;) {
    await turn();
    // Peeked, not taken: a collector that dies before the acknowledgement leaves its events with the client.
    const events = world.unsent.slice(0, random.between(1, 4));
    if (events.length === 0) continue;
    world.nowMs = Math.max(world.nowMs, ...events.map((event) => event.receivedAt));
    for (const [partition, own] of groupByPartition(events, world.partitions)) {
      const lines = own.map(encodeEvent);
      if (!world.calm && random.chance(0.04)) lines.splice(random.below(lines.length + 1), 0, random.pick(GARBAGE));
      if (!world.calm && random.chance(0.1)) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
      try {
        await log.append(partition, { kind: 'events', body: lines.join('\n') });
        world.tell(`${name}: p${partition} got ${own.map(({ id }) => id).join(' ')}`);
      } catch (error) {
        operational(error);
        world.count('append failed');
        world.tell(`${name}: the append of ${own.map(({ id }) => id).join(' ')} to p${partition} failed; sent again later`);
        continue;
      }
      world.acknowledged.push(...own);
      // Another collector may have sent some of them too meanwhile: then they are duplicates.
      for (const event of own) {
        const at = world.unsent.indexOf(event);
        if (at >= 0) world.unsent.splice(at, 1);
      }
    }
  }
}

/** Moves the log time of idle partitions. */
export async function ticker(world: World, turn: Turn): Promise<void> {
  const log = world.connectLog(turn);
  for (;;) {
    for (let idle = world.random.between(5, 40); idle > 0; idle--) await turn();
    if (world.nowMs === 0) continue;
    const partition = world.random.below(world.partitions);
    await log.append(partition, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: world.nowMs }) });
  }
}

export async function speedWorker(world: World, name: string, turn: Turn): Promise<void> {
  const { random } = world;
  let commits = 0;
  const fault = () => (world.calm || random.chance(0.92) ? 'none' : random.pick(['lostReply', 'notApplied'] as const));
  const store = world.store.speed(turn, fault);
  const worker = world.parts.createWorker({
    log: world.connectLog(turn),
    store: {
      ...store,
      async commit(commit) {
        try {
          const outcome = await store.commit(commit);
          tellCommit(world, name, commit, outcome);
          return outcome;
        } catch (error) {
          tellCommit(world, name, commit, 'reply lost');
          throw error;
        }
      },
    },
    definitions: world.initial,
    partitions: Array.from({ length: world.partitions }, (_, partition) => partition),
    commitId: () => `${name}:${++commits}`,
    limits: {
      maxEntries: random.between(1, 4),
      waitMs: 0,
      maxCachedEvents: random.pick([1, 8, 1_000]),
      trimRecordLength: random.pick([1, 1, 200, 1_500, 100_000]),
    },
    onReset: (partition, why) => world.tell(`${name}: forgets p${partition}: ${why instanceof Error ? why.message : why}`),
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

/** Copies the log into the archive and seals it at each barrier; what it wrote and how far it read are one write. */
export async function archiver(world: World, turn: Turn): Promise<void> {
  const log = world.connectLog(turn);
  for (;;) {
    const after = new Map(world.archive.map(({ position }, partition) => [partition, position]));
    const entries = await log.read(after, { maxEntries: world.random.between(1, 8), waitMs: 0 });
    await turn();
    for (const entry of entries) {
      const archived = world.archive[entry.partition];
      if (archived === undefined || (archived.position !== null && entry.position <= archived.position)) continue;
      archived.position = entry.position;
      if (entry.kind === 'events') archived.events.push(...entry.body.split('\n').flatMap((line) => readLine(line) ?? []));
      if (entry.kind !== 'barrier') continue;
      const { generation } = JSON.parse(entry.body) as Barrier;
      if (generation <= archived.sealed) continue;
      archived.sealed = generation;
      archived.seals.set(generation, archived.events.length);
    }
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
