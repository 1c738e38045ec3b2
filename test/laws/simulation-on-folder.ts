/**
 * The archive of the simulation in a real data folder: real archivers write Parquet and manifests, the speed layer replays them by its own
 * reader, and generations are computed from what that reader gives. A seed may kill an archiver between any two files, and take back manifests.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { createGeneration, findGeneration } from '@tributary/archive/generations';
import type { SegmentManifest } from '@tributary/archive/layout';
import { lastSegmentNumber, readSegments, segmentPath } from '@tributary/archive/segments';
import type { Step } from '@tributary/archiver/hooks';
import { createArchiver, DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { sweepOrphans, sweepStaging } from '@tributary/archiver/sweep';
import type { Event } from '@tributary/model/event';
import { isFatal } from '@tributary/runtime/error-kinds';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { createMemoryArchiveClaims } from '@tributary/testkit/memory/memory-archive-claims';
import { eventsIn } from '@tributary/testkit/simulation/ledger';
import type { Turn } from '@tributary/testkit/simulation/scheduler';
import {
  type PartsUnderTest,
  type Sealed,
  type SimulatedArchive,
  throughOlder,
  type World,
} from '@tributary/testkit/simulation/world';
import { openArchivedEntries } from '../../services/speed/src/read/archived-entries.ts';
import type { JoinRequest } from '../../services/speed/src/read/archived-pieces.ts';

const MEMORY = '256MB';
const NEVER_MS = 1e15;

/** Where an archiver does one thing at a time: only there may it stand still while others go on. */
const TURNS: ReadonlySet<Step> = new Set(['afterSpool', 'afterCopy', 'afterSync', 'afterRename']);

/** Archives in folders of their own, each empty. */
export async function startSimulatedFolders(): Promise<
  Required<Pick<PartsUnderTest, 'createArchive'>> & { stop(): Promise<void> }
> {
  const root = await mkdtemp(join(tmpdir(), 'tributary-simulation-'));
  const session = await openDuckDb({ memoryLimit: MEMORY, threads: 1, tempDir: join(root, 'duckdb') });
  return {
    createArchive: async (partitions) => archiveInFolder(await mkdtemp(join(root, 'data-')), partitions, session),
    async stop() {
      await session.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function archiveInFolder(dataDir: string, partitions: number, session: DuckDb): SimulatedArchive {
  const claims = createMemoryArchiveClaims();
  const eventsOfFiles = new Map<string, readonly Event[]>();
  /** null: a manifest came or went since they were read. */
  let known: Promise<readonly Sealed[]> | null = null;
  let underWay = 0;
  let archivers = 0;

  async function counted<T>(work: () => Promise<T>): Promise<T> {
    underWay++;
    try {
      return await work();
    } finally {
      underWay--;
    }
  }

  /** For a process that is counted as under way: while it waits for its turn, it is not. */
  const resting = (turn: Turn) => async () => {
    underWay--;
    await turn();
    underWay++;
  };

  function newArchiver(world: World, turn: Turn) {
    const { random } = world;
    const rest = resting(turn);
    const log = throughOlder(world, world.connectLog(rest), 'archive');
    const serving = world.store.serving(rest);
    let nowMs = 0;
    return createArchiver({
      log: {
        ...log,
        async trim(partition, upTo) {
          world.audit();
          await log.trim(partition, upTo);
          world.count('trimmed');
        },
      },
      dataDir,
      claims,
      writer: (0xa00 + ++archivers).toString(16),
      openSession: async () => ({ ...session, close: async () => {} }),
      limits: {
        ...DEFAULT_LIMITS,
        maxEntries: random.between(1, 8),
        segmentRows: random.between(2, 30),
        maxAgeMs: random.pick([20_000, NEVER_MS, NEVER_MS]),
        waitMs: 0,
        gatherMs: 0,
      },
      now: () => (nowMs += 1_000),
      speedPosition: async (partition) => (world.trims ? ((await serving.states())[partition]?.position ?? null) : null),
      onSegment() {
        known = null;
        world.count('a segment');
      },
      onFenced: () => world.count('a segment of two archivers'),
      hook: async (step) => {
        if (TURNS.has(step)) await rest();
      },
    });
  }

  async function archiver(world: World, name: string, turn: Turn): Promise<void> {
    const failed = (error: unknown) => {
      world.count('an archiver failed');
      // Messages name folders, which have other names each time.
      world.note(`${name} failed: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`);
      return !isFatal(error);
    };
    for (;;) {
      // A folder that loses segments while it is tidied ends this start; the next one finds what is left.
      let isAlive = await counted(async () => {
        await sweepStaging(dataDir, NEVER_MS);
        await sweepOrphans(dataDir, Number.POSITIVE_INFINITY);
        return true;
      }).catch((error: unknown) => {
        failed(error);
        return false;
      });
      const real = newArchiver(world, turn);
      while (isAlive) {
        isAlive = await counted(() => real.turn()).then(() => true, failed);
        await turn();
      }
      await turn();
    }
  }

  /** By the reader of the speed layer, each segment once: what it gives of the same files is the same. */
  async function eventsOf(segment: SegmentManifest): Promise<readonly Event[]> {
    const { partition, number, after, logIdentity } = segment;
    const key = JSON.stringify([partition, number, segment.files]);
    const read = eventsOfFiles.get(key);
    if (read !== undefined) return read;
    const reader = openArchivedEntries({ dataDir, logIdentity });
    const entries = (await reader.after(partition, after)) ?? [];
    const events = entries.flatMap((entry) => (entry.kind === 'events' ? eventsIn(entry, partitions) : []));
    eventsOfFiles.set(key, events);
    return events;
  }

  return {
    isBusy: () => underWay > 0,
    archiver,
    entries(world, turn) {
      const { identity: logIdentity } = world.connectLog(turn);
      const real = openArchivedEntries({ dataDir, logIdentity, mostRows: 8 });
      return {
        async upTo(partition) {
          await turn();
          return counted(() => real.upTo(partition));
        },
        async after(partition, position, joining) {
          await turn();
          const entries = await counted(() => real.after(partition, position, joining as JoinRequest | null | undefined));
          if (entries?.[0]?.joined !== undefined) world.count('joined records');
          return entries;
        },
      };
    },
    seals: () =>
      counted(() => {
        known ??= Promise.all(Array.from({ length: partitions }, (_, partition) => sealed(dataDir, partition)));
        return known;
      }),
    events: (partition, generation) =>
      counted(async () => {
        const segments = await readSegments(dataDir, partition);
        const end = generation === null ? -1 : segments.findIndex(({ seals }) => seals === generation);
        const events: Event[] = [];
        for (const segment of end < 0 ? segments : segments.slice(0, end + 1)) events.push(...(await eventsOf(segment)));
        return events;
      }),
    begin: (generation, definitions) =>
      counted(async () => {
        if ((await findGeneration(dataDir, generation)) !== undefined) return;
        await createGeneration(dataDir, pendingGeneration(definitions), generation - 1);
      }),
    /** As after a power cut, or a folder that was put back to an older copy: the files of the manifests that are gone may stay. */
    loseNewest: ({ random }) =>
      counted(async () => {
        known = null;
        let lost = 0;
        for (let partition = 0; partition < partitions; partition++) {
          const last = await lastSegmentNumber(dataDir, partition);
          const gone = Math.min(last + 1, random.between(1, 3));
          for (let back = 0; back < gone; back++) await rm(segmentPath(dataDir, partition, last - back));
          if (gone > 0) lost++;
        }
        return lost;
      }),
    close: () => rm(dataDir, { recursive: true, force: true }),
  };
}

async function sealed(dataDir: string, partition: number): Promise<Sealed> {
  const cuts = new Map<number, string>();
  for (const { seals, upTo } of await readSegments(dataDir, partition)) if (seals !== null) cuts.set(seals, upTo);
  return { sealed: Math.max(0, ...cuts.keys()), cuts };
}
