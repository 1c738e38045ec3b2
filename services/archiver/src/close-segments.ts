/**
 * From full spools to segments: Parquet in staging, fsynced and digested, renamed to its place, folders fsynced, and then
 * the manifest, which makes it count. A crash before the manifest leaves files that no manifest names.
 */
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SharedArchive } from '@tributary/archive/changes/shared-archive';
import type { DuckDb } from '@tributary/archive/duckdb';
import { type FileDigest, makeFolder, syncAndDigest, syncFolder } from '@tributary/archive/durable';
import type { SegmentManifest, StoredFile } from '@tributary/archive/layout';
import { padNumber } from '@tributary/archive/manifest-file';
import { filesNamed, lastSegmentNumber, partitionName, readSegment, writeSegment } from '@tributary/archive/segments';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { convertSpools } from './convert.ts';
import type { CopyLimits } from './copy-plan.ts';
import type { Hook } from './hooks.ts';
import { demandPredecessor } from './one-history.ts';
import type { Spool } from './spool.ts';

export interface ClosingOptions {
  readonly dataDir: string;
  /** This writer's own folder in staging/. */
  readonly folder: string;
  /** Names this writer in the files it makes: no other one ever writes a file of that name. */
  readonly writer: string;
  readonly logIdentity: string;
  readonly openSession: () => Promise<DuckDb>;
  readonly copyLimits: CopyLimits;
  readonly hook: Hook;
  /** Where the archive lies in an object store: a segment counts once that has it. */
  readonly shared?: SharedArchive;
  readonly signal?: AbortSignal;
}

export interface Closed {
  readonly spool: Spool;
  /** null: another archiver wrote this number first. */
  readonly segment: SegmentManifest | null;
}

/** A file with its place: `date` is null for the records that were not events. */
interface Placed {
  readonly partition: number;
  readonly date: string | null;
  readonly staged: string;
  readonly path: string;
  readonly rows: number;
}

/** Files that are made durable at a time. */
const PARALLEL = 8;

export async function closeSegments(spools: readonly Spool[], options: ClosingOptions): Promise<Closed[]> {
  const { dataDir, hook, shared, signal } = options;
  const placed = [...(await stageEvents(spools, options)), ...(await stageDead(spools, options))];
  await hook('afterCopy');
  const digests = await inParallel(placed, (file) => syncAndDigest(file.staged));
  await hook('afterSync');
  try {
    const folders = new Set(placed.map((file) => join(dataDir, dirname(file.path))));
    for (const folder of folders) await makeFolder(folder);
    for (const file of placed) await rename(file.staged, join(dataDir, file.path));
    for (const folder of folders) await syncFolder(folder);
    await hook('afterRename');
    // Its folder may have been put back to an older copy meanwhile: behind a hole nothing is read, and nothing fills it.
    for (const { partition, number, after } of spools) await demandPredecessor(dataDir, partition, number, after);
    const segments = spools.map((spool) => segmentOf(spool, placed, digests, options.logIdentity));
    const added = await shared?.add(segments, signal);
    return await inParallel([...spools.entries()], async ([i, spool]) => {
      const segment = segments[i] as SegmentManifest;
      await hook('beforeManifest');
      const first = added?.includes(segment) ?? (await writeSegment(dataDir, segment));
      await hook('afterManifest');
      if (!first) await removeOrphans(dataDir, placed, [spool]);
      return { spool, segment: first ? segment : null };
    });
  } catch (error) {
    // On a full disk the room is needed; whatever fails here, the sweep at the next start finds.
    await removeOrphans(dataDir, placed, spools).catch(() => {});
    throw error;
  }
}

/** Removes our files that no manifest names: no other archiver can ever name them, they bear this writer's name. */
async function removeOrphans(dataDir: string, placed: readonly Placed[], spools: readonly Spool[]): Promise<void> {
  for (const { partition, number } of spools) {
    const written = (await lastSegmentNumber(dataDir, partition)) >= number;
    const named = written ? filesNamed(await readSegment(dataDir, partition, number)) : new Set<string>();
    for (const file of placed)
      if (file.partition === partition && !named.has(file.path)) await rm(join(dataDir, file.path), { force: true });
  }
}

async function stageEvents(
  spools: readonly Spool[],
  { folder, openSession, copyLimits, writer }: ClosingOptions,
): Promise<Placed[]> {
  const session = await openSession();
  try {
    const files = await convertSpools(session, spools, folder, copyLimits);
    const parts = new Map<string, number>();
    return files.map(({ partition, date, staged, rows }) => {
      const number = spools.find((spool) => spool.partition === partition)?.number as number;
      const name = `${fileStem(partition, number)}-${writer}`;
      // DuckDB may split a partition and day over more than one file.
      const part = parts.get(`${date}/${name}`) ?? 0;
      parts.set(`${date}/${name}`, part + 1);
      const path = `${DATA_PATHS.events}/date=${date}/${name}${part === 0 ? '' : `.${part}`}.parquet`;
      return { partition, date, staged, path, rows };
    });
  } finally {
    await session.close();
  }
}

async function stageDead(spools: readonly Spool[], { folder, writer }: ClosingOptions): Promise<Placed[]> {
  const placed: Placed[] = [];
  for (const { partition, number, deadPath, deadRows, deadBytes } of spools) {
    if (deadRows === 0) continue;
    const staged = join(folder, `${partitionName(partition)}.dead.closing`);
    await copyFile(deadPath, staged);
    const { size } = await stat(staged);
    if (size !== deadBytes)
      throw new Error(`partition ${partition}: ${deadBytes} bytes of dead records were spooled, ${size} are there`);
    const path = `${DATA_PATHS.dead}/${fileStem(partition, number)}-${writer}.ndjson`;
    placed.push({ partition, date: null, staged, path, rows: deadRows });
  }
  return placed;
}

function segmentOf(
  spool: Spool,
  placed: readonly Placed[],
  digests: readonly FileDigest[],
  logIdentity: string,
): SegmentManifest {
  const files: (StoredFile & { date: string })[] = [];
  let dead: StoredFile | null = null;
  placed.forEach((file, i) => {
    if (file.partition !== spool.partition) return;
    const stored = { path: file.path, rows: file.rows, ...(digests[i] as FileDigest) };
    if (file.date === null) dead = stored;
    else files.push({ ...stored, date: file.date });
  });
  return {
    partition: spool.partition,
    number: spool.number,
    logIdentity,
    after: spool.after,
    upTo: spool.upTo as string,
    seals: spool.seals,
    rows: spool.rows,
    deadRows: spool.deadRows,
    files,
    dead,
  };
}

function fileStem(partition: number, number: number): string {
  return `${partitionName(partition)}-${padNumber(number)}`;
}

/** As `Promise.all` over `items`, at most `PARALLEL` at a time; rejects once all that was begun has settled. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const workers = Array.from({ length: Math.min(PARALLEL, items.length) }, async () => {
    while (next < items.length && !failed) {
      const at = next++;
      try {
        results[at] = await work(items[at] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  const settled = await Promise.allSettled(workers);
  for (const worker of settled) if (worker.status === 'rejected') throw worker.reason;
  return results;
}
