/** A world for the archiver: a log in memory, a folder on disk, archivers that start, die and wake on it. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { namesIn } from '@tributary/archive/durable';
import type { SegmentManifest } from '@tributary/archive/layout';
import { readSegments } from '@tributary/archive/segments';
import { checkFile } from '@tributary/archive/verify';
import type { Hook, Step } from '@tributary/archiver/hooks';
import { type Archiver, type ArchiverOptions, createArchiver, DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { stagingFolder, sweepOrphans, sweepStaging } from '@tributary/archiver/sweep';
import type { EventLog } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import type { ArchiveClaims } from '@tributary/runtime/event-log/own-archive';
import { createMemoryArchiveClaims } from '@tributary/testkit/memory/memory-archive-claims';
import { createMemoryDisk, createMemoryLog, type MemoryDisk } from '@tributary/testkit/memory/memory-log';

export const T0 = Date.UTC(2026, 2, 1, 21);
const DAY_MS = 86_400_000;

export interface Rig {
  readonly dataDir: string;
  readonly disk: MemoryDisk;
  readonly log: EventLog;
  readonly partitions: number;
  /** How far the "speed layer" has read; null: nowhere. */
  speedPosition: string | null;
  nowMs: number;
  /** A store that was emptied has others. */
  claims: ArchiveClaims;
  /** A new archiver process: removes what dead ones left, then runs on demand. */
  start(changes?: Partial<ArchiverOptions>): Promise<Archiver>;
  append(events: readonly Event[]): Promise<void>;
  barrier(generation: number, partitions?: readonly number[]): Promise<void>;
  segments(partition: number): Promise<SegmentManifest[]>;
  close(): Promise<void>;
}

/** `joins`: each line has a position of its own, as on Kafka, and the archiver reads entries as one where it says so. */
export async function createRig(
  partitions = 3,
  dataDir?: string,
  joins?: () => boolean,
  disk = createMemoryDisk(joins !== undefined),
): Promise<Rig> {
  const folder = dataDir ?? (await newFolder());
  const log = createMemoryLog({ partitions, disk, ...(joins !== undefined && { joins }) });
  let writers = 0;
  const rig: Rig = {
    dataDir: folder,
    disk,
    log,
    partitions,
    speedPosition: null,
    nowMs: T0,
    claims: createMemoryArchiveClaims(),
    async start(changes = {}) {
      const writer = (0xa0 + ++writers).toString(16);
      await sweepStaging(folder, T0);
      await sweepOrphans(folder, Number.POSITIVE_INFINITY);
      return createArchiver({
        log,
        dataDir: folder,
        claims: rig.claims,
        writer,
        openSession: () =>
          openDuckDb({ memoryLimit: '256MB', threads: 2, tempDir: join(stagingFolder(folder, writer), 'duckdb') }),
        limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0 },
        now: () => rig.nowMs,
        speedPosition: async () => rig.speedPosition,
        ...changes,
      });
    },
    async append(events) {
      const lines = new Map<number, string[]>();
      for (const event of events) {
        const partition = partitionOf(userKeyOf(event), partitions);
        const own = lines.get(partition) ?? [];
        own.push(encodeEvent(event));
        lines.set(partition, own);
      }
      // Three to an entry: positions and indexes both matter.
      for (const [partition, own] of lines)
        for (let i = 0; i < own.length; i += 3)
          await log.append(partition, { kind: 'events', body: own.slice(i, i + 3).join('\n') });
    },
    async barrier(generation, only) {
      for (let partition = 0; partition < partitions; partition++)
        if (only === undefined || only.includes(partition))
          await log.append(partition, { kind: 'barrier', body: JSON.stringify({ generation, definitions: '{}' }) });
    },
    segments: (partition) => readSegments(folder, partition),
    async close() {
      await log.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return rig;
}

const newFolder = () => mkdtemp(join(tmpdir(), 'tributary-archiver-'));

/** The same log and archive once more, of which no other has anything: for tests that begin alike and change what they find. */
export async function copyOf({ dataDir, disk, partitions, ...others }: Rig): Promise<Rig> {
  const folder = await newFolder();
  await cp(dataDir, folder, { recursive: true, preserveTimestamps: true });
  const own = { ...createMemoryDisk(disk.linesApart), identity: disk.identity, partitions: structuredClone(disk.partitions) };
  const { nowMs, speedPosition, claims } = others;
  return Object.assign(await createRig(partitions, folder, undefined, own), { nowMs, speedPosition, claims });
}

export function someEvents(count: number, from = 0): Event[] {
  return Array.from({ length: count }, (_, n) => {
    const i = from + n;
    return {
      ts: T0 + (i % 4) * DAY_MS - i,
      type: i % 5 === 0 ? 'purchase' : 'page',
      id: `e${i}`,
      ...(i % 2 === 0 ? { userId: `user-${i % 17}` } : { anonymousId: `anon-${i % 13}` }),
      receivedAt: T0 + 4 * DAY_MS + i,
      source: 'web',
      ...(i % 5 === 0 ? { value: i * 100, currency: 'EUR' } : { page: `/p/${i}` }),
      ...(i % 3 === 0 ? { properties: { n: i, text: 'ü\t"\\\n' } } : {}),
    };
  });
}

/** What the archive holds of all partitions, read by the manifests; every file checked against its digest. */
export async function archivedRows(rig: Rig, columns = '*'): Promise<Record<string, unknown>[]> {
  const files: string[] = [];
  for (let partition = 0; partition < rig.partitions; partition++)
    for (const segment of await rig.segments(partition))
      for (const file of segment.files) {
        await checkFile(rig.dataDir, file);
        files.push(join(rig.dataDir, file.path));
      }
  if (files.length === 0) return [];
  return withSession((session) =>
    session.rows(
      `SELECT ${columns} FROM read_parquet([${files.map((file) => `'${file}'`).join(', ')}], hive_partitioning = false)
       ORDER BY partition, position, entry_index`,
    ),
  );
}

export async function withSession<T>(work: (session: DuckDb) => Promise<T>): Promise<T> {
  const tempDir = await mkdtemp(join(tmpdir(), 'tributary-duckdb-'));
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir });
  try {
    return await work(session);
  } finally {
    await session.close();
    await rm(tempDir, { recursive: true, force: true });
  }
}

/** `partition/position/index` of every line in the log, up to its end, or up to where each partition is archived. */
export async function placesInLog(rig: Rig, upTo?: ReadonlyMap<number, string>): Promise<string[]> {
  const after = new Map(Array.from({ length: rig.partitions }, (_, partition) => [partition, null]));
  const entries = await rig.log.read(after, { maxEntries: 1_000_000, waitMs: 0 });
  return entries
    .filter((entry) => entry.kind === 'events' && (upTo === undefined || entry.position <= (upTo.get(entry.partition) ?? '')))
    .flatMap((entry) => entry.body.split('\n').map((_, index) => `${entry.partition}/${entry.position}/${index}`))
    .sort();
}

export async function placesInArchive(rig: Rig): Promise<string[]> {
  const rows = await archivedRows(rig, 'partition, position, entry_index');
  return rows.map((row) => `${row['partition']}/${row['position']}/${row['entry_index']}`).sort();
}

/** All Parquet files there are, named by a manifest or not. */
export async function filesOnDisk(dataDir: string): Promise<string[]> {
  const files: string[] = [];
  for (const day of await namesIn(join(dataDir, 'archive', 'events')))
    for (const name of await namesIn(join(dataDir, 'archive', 'events', day))) files.push(`archive/events/${day}/${name}`);
  return files.sort();
}

export interface Crash {
  readonly hook: Hook;
  /** Resolves once the archiver stands still at the step: as after a kill, nothing of it runs any more. */
  readonly reached: Promise<void>;
  /** The process was not dead, only paused: it goes on. */
  wake(): void;
}

/** Stops an archiver for good (or until woken) at the `nth` time it comes to `step`. */
export function crashAt(step: Step, nth = 1): Crash {
  const reached = Promise.withResolvers<void>();
  const woken = Promise.withResolvers<void>();
  let seen = 0;
  return {
    reached: reached.promise,
    wake: woken.resolve,
    async hook(at) {
      if (at !== step || ++seen < nth) return;
      reached.resolve();
      await woken.promise;
    },
  };
}
