/** Who works in the simulation of joined keys (adoption-world.ts): workers, and publishers of messages. */
import type { Definitions } from '@tributary/model/definitions';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { createDrain } from '@tributary/speed/outbox/drain';
import type { OutputKinds } from '@tributary/speed/partitions/partition-run';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import type { OutboxLines } from '@tributary/store/outbox';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import type { Random } from '@tributary/testkit/inputs/random';
import { createMemoryLog, type MemoryDisk, type MemoryLog } from '@tributary/testkit/memory/memory-log';
import type { MemoryStore } from '@tributary/testkit/memory/memory-store';
import type { Turn } from '@tributary/testkit/simulation/scheduler';
import { operational } from '@tributary/testkit/simulation/world';

export const PARTITIONS = 3;

type OnMessages = (partition: number, messages: OutboxLines) => void;

export interface Shared {
  readonly disk: MemoryDisk;
  readonly store: MemoryStore;
  readonly random: Random;
  readonly definitions: Definitions;
  readonly calm: () => boolean;
  readonly maxRecordLength?: number | undefined;
  readonly linksOfDay?: number | undefined;
  /** What commits left in the outboxes, to publishers of the same process. */
  readonly onMessages?: OnMessages;
  readonly publishers: Set<OnMessages>;
  /** What goes to the output log, and where that lies. */
  readonly outputs: OutputKinds;
  readonly outputDisk: MemoryDisk;
}

export async function runWorker(name: string, turn: Turn, shared: Shared): Promise<void> {
  const { disk, store, random, definitions, calm, maxRecordLength, linksOfDay, onMessages, outputs } = shared;
  let commits = 0;
  const fault = () => (calm() || random.chance(0.93) ? 'none' : random.pick(['lostReply', 'notApplied'] as const));
  const maxEntries = random.between(1, disk.linesApart || maxRecordLength !== undefined ? 16 : 4);
  const share = random.pick([0, 0.5, 0.9]);
  const worker = createSpeedWorker({
    log: createMemoryLog({ partitions: PARTITIONS, disk, turn, ...(disk.linesApart && { joins: () => random.chance(share) }) }),
    store: store.speed(turn, fault, onMessages),
    definitions,
    partitions: [0, 1, 2],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `${name}:${++commits}`,
    limits: {
      maxEntries,
      ...(maxEntries % 2 === 0 && { turnWork: 0 }),
      ...(maxEntries > 2 && { readBytes: 1, loadBytes: 1 }),
      waitMs: 0,
      maxCachedEvents: random.pick([1, 8, 1_000]),
      shelvedAfter: 2,
      messagesLength: random.pick([0, 600, 100_000]),
      linksOfDay,
      outputs,
      trimRecordLength: random.pick([1, 200, 100_000]),
      // Versions of the worker may have other bounds, while one takes over from another.
      ...(maxRecordLength !== undefined && { maxRecordLength: maxRecordLength * random.pick([0.7, 1, 1.5]) }),
    },
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

/** At least once and in order; it may die between any two steps, or sleep with what it read. */
export async function runPublisher(turn: Turn, { disk, store, random, calm }: Shared): Promise<void> {
  const log = createMemoryLog({ partitions: PARTITIONS, disk, turn });
  const relay = relayLog(log);
  const outbox = store.outbox(turn, 'messages');
  for (;;) {
    const partition = random.below(PARTITIONS);
    const { from, lines } = await outbox.read(partition, random.between(1, 5));
    if (!calm() && random.chance(0.1)) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
    try {
      if (lines.length > 0) {
        await relay.append(partition, { kind: 'events', body: lines.join('\n') });
        await outbox.remove(partition, from + lines.length);
      }
    } catch (error) {
      operational(error);
    }
    await turn();
  }
}

/** The relay's own: what a commit gives is passed on as it is, and the outbox is read where it must be (drain.ts). */
export async function runDrain(turn: Turn, { disk, store, random, calm, publishers }: Shared): Promise<void> {
  const log = createMemoryLog({ partitions: PARTITIONS, disk, turn });
  const woken = new Map<number, { lines: number; longest: number }>();
  const drain = createDrain(
    {
      outbox: store.outbox(turn, 'messages'),
      log: relayLog(failing(log, () => !calm() && random.chance(0.1), random)),
      asPublished: (line) => line,
      maxLines: random.pick([3, 500]),
      maxLength: random.pick([600, 100_000]),
      onError: operational,
      now: () => 0,
    },
    { onLength: () => {}, onUnremoved: (partition) => void woken.set(partition, { lines: 0, longest: 0 }) },
  );
  publishers.add((partition, messages) => {
    drain.give(partition, messages);
    const before = woken.get(partition) ?? { lines: 0, longest: 0 };
    const longest = Math.max(before.longest, ...messages.lines.map(({ length }) => length));
    woken.set(partition, { lines: before.lines + messages.lines.length, longest });
  });
  for (;;) {
    await turn();
    const partition = random.below(PARTITIONS);
    const came = woken.get(partition);
    // It looks by itself now and then.
    if (came === undefined && random.chance(0.7)) continue;
    woken.delete(partition);
    try {
      await drain.passSome(partition, came ?? { lines: 0, longest: 0 });
    } catch (error) {
      operational(error as Error);
    }
  }
}

/** What commits left for the output log, by the publisher's own steps. */
export async function runOutputs(turn: Turn, { outputDisk, store, random, calm }: Shared): Promise<void> {
  const log = createMemoryLog({ partitions: PARTITIONS, disk: outputDisk, turn });
  const drain = createDrain(
    {
      outbox: store.outbox(turn),
      log: failing(log, () => !calm() && random.chance(0.1), random),
      maxLines: random.pick([1, 4, 500]),
      onError: operational,
      now: () => 0,
    },
    { onLength: () => {}, onUnremoved: () => {} },
  );
  for (;;) {
    await turn();
    try {
      await drain.passSome(random.below(PARTITIONS), { lines: 0, longest: 0 });
    } catch (error) {
      operational(error as Error);
    }
  }
}

function failing(log: MemoryLog, fails: () => boolean, random: Random): Pick<MemoryLog, 'append' | 'partitions'> {
  return {
    partitions: log.partitions,
    append(partition, record) {
      if (fails()) log.failNextAppend(random.pick(['reply-lost', 'not-applied', 'duplicated']));
      return log.append(partition, record);
    },
  };
}
