/** The archive of the simulation in memory: what an archiver wrote and how far it read are one write. */
import type { EventLog, LogEntry } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import type { PartitionState } from '@tributary/store/speed-store';
import { type ForgottenAndGone, forgetIn, NOTHING_FORGOTTEN } from './forgetting.ts';
import { eventsIn, readBarrier } from './ledger.ts';
import type { Turn } from './scheduler.ts';
import { type Forgotten, operational, type SimulatedArchive, throughOlder, type World } from './world.ts';

interface ArchivedPartition {
  position: string | null;
  events: Event[];
  /** What the archive gives back in place of a log that was trimmed: lines of events and the barriers that it sealed. */
  readonly entries: LogEntry[];
  /** Sealed generation → how many events lie before its barrier. */
  readonly seals: Map<number, number>;
  /** Sealed generation → where its barrier lay. */
  readonly cuts: Map<number, string>;
  sealed: number;
  /** As it was before what was written last: a folder may lose its newest file. */
  before: Omit<ArchivedPartition, 'before'> | null;
}

export function createMemoryArchive(partitions: number): SimulatedArchive {
  const archive: ArchivedPartition[] = Array.from({ length: partitions }, () => ({
    position: null,
    events: [],
    entries: [],
    seals: new Map(),
    cuts: new Map(),
    sealed: 0,
    before: null,
  }));

  /** Copies the log into the archive and seals it at each barrier. */
  async function archiver(world: World, _name: string, turn: Turn): Promise<void> {
    const log = throughOlder(world, world.connectLog(turn), 'archive');
    const serving = world.store.serving(turn);
    for (;;) {
      if (world.trims && world.random.chance(0.2)) await trimBehindBoth(world, log, await serving.states());
      const after = new Map(archive.map(({ position }, partition) => [partition, position]));
      // Expired where another archiver has read on and trimmed meanwhile.
      const limits = { maxEntries: world.random.between(1, 8), waitMs: 0 };
      const entries = await log.read(after, limits).catch((error: unknown): LogEntry[] => {
        operational(error);
        return [];
      });
      await turn();
      for (const partition of new Set(entries.map((entry) => entry.partition))) remember(archive[partition] as ArchivedPartition);
      for (const entry of entries) {
        const archived = archive[entry.partition];
        if (archived === undefined || (archived.position !== null && entry.position <= archived.position)) continue;
        // Read after a segment that is gone: what lies before it is read first.
        if ((after.get(entry.partition) ?? '') > (archived.position ?? '')) continue;
        take(world, archived, entry);
      }
    }
  }

  function take(world: World, archived: ArchivedPartition, entry: LogEntry): void {
    archived.position = entry.position;
    if (entry.kind === 'events') {
      const events = eventsIn(entry, partitions);
      archived.events.push(...events);
      const body = events.map(encodeEvent).join('\n');
      if (events.length > 0) archived.entries.push({ ...entry, body, appendedMs: Number.MAX_SAFE_INTEGER });
    }
    const barrier = entry.kind === 'barrier' ? readBarrier(entry.body, archived.sealed, world.parts.parse) : null;
    if (barrier === null) return;
    archived.entries.push(entry);
    archived.sealed = barrier.generation;
    archived.seals.set(barrier.generation, archived.events.length);
    archived.cuts.set(barrier.generation, entry.position);
  }

  async function trimBehindBoth(world: World, log: EventLog, states: readonly (PartitionState | null)[]): Promise<void> {
    for (const [partition, { position: archived }] of archive.entries()) {
      const read = states[partition]?.position ?? null;
      if (archived === null || read === null) continue;
      world.audit();
      await log.trim(partition, [read, archived].sort()[0] as string);
      world.count('trimmed');
    }
  }

  return {
    isBusy: () => false,
    archiver,
    entries(_world, turn) {
      const ofPartition = async (partition: number) => {
        await turn();
        return archive[partition] as ArchivedPartition;
      };
      return {
        upTo: async (partition) => (await ofPartition(partition)).position,
        async after(partition, position) {
          const { position: end, entries } = await ofPartition(partition);
          if (end === null || (position ?? '') >= end) return null;
          const found = entries.filter((entry) => entry.position > (position ?? ''));
          if (found.at(-1)?.position === end) return found;
          return [
            ...found,
            { partition, position: end, kind: 'heartbeat', body: '{"receivedAt":0}', appendedMs: Number.MAX_SAFE_INTEGER },
          ];
        },
      };
    },
    seals: async () => archive,
    async events(partition, generation) {
      const { events, seals } = archive[partition] as ArchivedPartition;
      return generation === null ? events : events.slice(0, seals.get(generation));
    },
    async begin() {},
    forget: (generation, before) =>
      archive.map((archived, partition) => forgetUpTo(archived, generation, before[partition] ?? NOTHING_FORGOTTEN)),
    async loseNewest() {
      let lost = 0;
      for (const archived of archive) {
        if (archived.before === null) continue;
        Object.assign(archived, archived.before, { before: null });
        lost++;
      }
      return lost;
    },
  };
}

/** The archive up to the cut of a generation without users that this knows to be erased. */
function forgetUpTo(archived: ArchivedPartition, generation: number, before: Forgotten): ForgottenAndGone {
  const placed = archived.entries.flatMap(({ kind, position, body }) =>
    kind === 'events' ? body.split('\n').map(() => position) : [],
  );
  const fresh = archived.events.slice(0, archived.seals.get(generation));
  const { forgotten, gone } = forgetIn(
    fresh.map((event, index) => ({ event, position: placed[index] as string })),
    before,
  );
  const isLeft = (event: Event) => !gone.has(event);
  let at = 0;
  const entries = archived.entries.flatMap((entry) => {
    if (entry.kind !== 'events') return [entry];
    const own = archived.events.slice(at, (at += entry.body.split('\n').length)).filter(isLeft);
    return own.length === 0 ? [] : [{ ...entry, body: own.map(encodeEvent).join('\n') }];
  });
  archived.entries.splice(0, archived.entries.length, ...entries);
  for (const [sealed, count] of archived.seals) archived.seals.set(sealed, archived.events.slice(0, count).filter(isLeft).length);
  archived.events = archived.events.filter(isLeft);
  return { forgotten, gone };
}

function remember(archived: ArchivedPartition): void {
  const { position, sealed, events, entries, seals, cuts } = archived;
  archived.before = {
    position,
    sealed,
    events: [...events],
    entries: [...entries],
    seals: new Map(seals),
    cuts: new Map(cuts),
  };
}
