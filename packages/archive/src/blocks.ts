/**
 * Blocks: the files of many small segments merged into a few, with one manifest for all of them. A year of generations is some 35 000
 * segments a partition, each with files of days and months; as blocks they are 365 manifests, with a file a month.
 *
 *   segments 0 … 95 ─▶ verify ─▶ files under names of this attempt ─▶ 000000-000095.json, created once ─▶ a day later: the segments go
 *
 * Killed anywhere, each row counts once, by its segment or by its block: readers take the block where there is one. What was merged stays
 * for a day, so that a reader with an older list, or a copy of the folder, finds all that the list names.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DAY_MS } from '@tributary/model/time';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import type { DuckDb } from './duckdb.ts';
import { createDurably, namesIn } from './durable.ts';
import type { SegmentManifest, StoredFile } from './layout.ts';
import { padNumber, toJson } from './manifest-file.ts';
import { keepFile, PARQUET } from './parquet.ts';
import { replacedFiles } from './replaced-files.ts';
import { BLOCK_SEGMENTS, blockPath, filesNamed, partitionName, readBlock, readSegment, segmentPath } from './segments.ts';
import { filesSql, sqlText } from './sql-text.ts';
import { verifyFiles } from './verify.ts';

export interface Block {
  readonly partition: number;
  /** Its first segment, a multiple of `BLOCK_SEGMENTS`. */
  readonly first: number;
}

/** The bounds of the archiver for a segment hold for a block too: readers hold one in memory. Larger ones stay segments. */
const MAX_ROWS = 250_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** How many of the newest are examined in every run, whether or not they are too large. */
const NEWEST = 2;

/** The newest blocks whose segments are all below `before` and not merged yet. */
export async function blocksToMerge(dataDir: string, partition: number, before: number): Promise<Block[]> {
  const names = new Set(await namesIn(dataPath(dataDir, 'segments', partitionName(partition))));
  const blocks: Block[] = [];
  for (let first = 0; first + BLOCK_SEGMENTS <= before; first += BLOCK_SEGMENTS)
    if (names.has(`${padNumber(first)}.json`) && !names.has(`${nameOf(first)}.json`)) blocks.push({ partition, first });
  return blocks.slice(-NEWEST);
}

/** False when another attempt was first, or the segments are of more than one log or too large. `attempt`: a unique name. */
export async function mergeBlock(
  session: DuckDb,
  dataDir: string,
  { partition, first }: Block,
  attempt: string,
  staging: string,
): Promise<boolean> {
  const segments = await segmentsOf(dataDir, { partition, first });
  const [oldest] = segments;
  const newest = segments.at(-1);
  if (oldest === undefined || newest === undefined || segments.some((s) => s.logIdentity !== newest.logIdentity)) return false;
  const bytes = segments.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
  if (segments.reduce((sum, { rows }) => sum + rows, 0) > MAX_ROWS || bytes > MAX_BYTES) return false;
  await verifyFiles(
    dataDir,
    segments.flatMap((segment) => [...segment.files, ...(segment.dead === null ? [] : [segment.dead])]),
  );
  const stem = `${partitionName(partition)}-${nameOf(first)}-${attempt}`;
  await mkdir(staging, { recursive: true });
  const block: SegmentManifest = {
    partition,
    number: first,
    to: first + BLOCK_SEGMENTS - 1,
    logIdentity: newest.logIdentity,
    after: oldest.after,
    upTo: newest.upTo,
    seals: segments.findLast(({ seals }) => seals !== null)?.seals ?? null,
    rows: segments.reduce((sum, { rows }) => sum + rows, 0),
    deadRows: segments.reduce((sum, { deadRows }) => sum + deadRows, 0),
    files: await mergeEvents(session, dataDir, segments, stem, staging),
    dead: await mergeDead(dataDir, segments, stem, staging),
  };
  // Law 6: nothing that was archived may be missing from what replaces it.
  const written = block.files.reduce((sum, { rows }) => sum + rows, 0);
  if (written !== block.rows)
    throw new Error(`partition ${partition}: ${block.rows} rows were to be merged, ${written} were written`);
  if (await createDurably(blockPath(dataDir, partition, first), toJson(block))) return true;
  for (const path of filesNamed(block)) await rm(join(dataDir, path), { force: true });
  return false;
}

/** Blocks that replaced their segments a day ago or earlier, and whose segments are still there. */
export async function blocksToSweep(dataDir: string, partition: number, nowMs: number): Promise<Block[]> {
  const names = await namesIn(dataPath(dataDir, 'segments', partitionName(partition)));
  const singles = new Set(names);
  const blocks: Block[] = [];
  for (const name of names) {
    const [, digits] = /^(\d{6,12})-\d{6,12}\.json$/.exec(name) ?? [];
    if (digits === undefined) continue;
    const first = Number(digits);
    if (numbersOf(first).every((number) => !singles.has(`${padNumber(number)}.json`))) continue;
    const { mtimeMs } = await stat(blockPath(dataDir, partition, first));
    if (nowMs - mtimeMs >= DAY_MS) blocks.push({ partition, first });
  }
  return blocks;
}

/**
 * Removes segments that a block has replaced for a day, their files first, and what killed attempts at it left. Only for who has the lock
 * (alone.ts): another process may have written a file that the block is about to name.
 */
export async function sweepMerged(dataDir: string, partition: number, nowMs: number): Promise<void> {
  for (const { first } of await blocksToSweep(dataDir, partition, nowMs)) {
    const block = await readBlock(dataDir, partition, first);
    if (block === undefined) continue;
    const kept = new Set([...filesNamed(block), ...(await replacedFiles(dataDir))]);
    const singles = new Set(await namesIn(dataPath(dataDir, 'segments', partitionName(partition))));
    for (const number of numbersOf(first))
      if (singles.has(`${padNumber(number)}.json`)) await removeSegment(dataDir, partition, number, kept);
    await removeAttempts(dataDir, `${partitionName(partition)}-${nameOf(first)}-`, kept);
  }
}

function numbersOf(first: number): number[] {
  return Array.from({ length: BLOCK_SEGMENTS }, (_, i) => first + i);
}

async function segmentsOf(dataDir: string, { partition, first }: Block): Promise<SegmentManifest[]> {
  const segments: SegmentManifest[] = [];
  for (const number of numbersOf(first)) {
    const segment = await readSegment(dataDir, partition, number);
    // A block: another process was faster.
    if (segment.to !== undefined) return [];
    segments.push(segment);
  }
  return segments;
}

/** Files a year, where there are more months than this. */
const MONTHS = 48;

async function mergeEvents(
  session: DuckDb,
  dataDir: string,
  segments: readonly SegmentManifest[],
  stem: string,
  staging: string,
): Promise<SegmentManifest['files']> {
  const paths = segments.flatMap((segment) => segment.files.map(({ path }) => join(dataDir, path)));
  if (paths.length === 0) return [];
  // Files of an older version may lack a column that newer ones have.
  const events = `read_parquet(${filesSql(paths)}, union_by_name = true, hive_partitioning = false)`;
  const month = 'strftime(make_timestamp(ts * 1000), %L)';
  const [counted] = await session.rows(`SELECT count(DISTINCT ${month.replace('%L', "'%Y-%m'")}) AS months FROM ${events}`);
  const label = month.replace('%L', Number(counted?.['months']) > MONTHS ? "'%Y'" : "'%Y-%m'");
  const [staged, counts] = await session.columns(`
    COPY (SELECT *, ${label} AS date FROM ${events} ORDER BY date, user_key, ts, position, entry_index)
    TO ${sqlText(join(staging, stem))} (${PARQUET}, PARTITION_BY (date), RETURN_STATS)`);
  const files: (StoredFile & { date: string })[] = [];
  for (const [i, path] of (staged ?? []).entries()) {
    const [, date] = /[/\\]date=(\d{4}(?:-\d{2})?)[/\\][^/\\]+$/.exec(String(path)) ?? [];
    if (date === undefined) throw new Error(`DuckDB wrote ${String(path)}: not a file of a month or a year`);
    const target = `${DATA_PATHS.events}/date=${date}/${stem}${i === 0 ? '' : `.${i}`}.parquet`;
    files.push({ ...(await keepFile(dataDir, String(path), target, Number(counts?.[i]))), date });
  }
  return files;
}

async function mergeDead(
  dataDir: string,
  segments: readonly SegmentManifest[],
  stem: string,
  staging: string,
): Promise<StoredFile | null> {
  const dead = segments.flatMap((segment) => (segment.dead === null ? [] : [segment.dead]));
  if (dead.length === 0) return null;
  const staged = join(staging, `${stem}.ndjson`);
  for (const { path } of dead) await pipeline(createReadStream(join(dataDir, path)), createWriteStream(staged, { flags: 'a' }));
  const rows = dead.reduce((sum, file) => sum + file.rows, 0);
  return keepFile(dataDir, staged, `${DATA_PATHS.dead}/${stem}.ndjson`, rows);
}

/** The manifest last: it names the files that are still to be removed. */
async function removeSegment(dataDir: string, partition: number, number: number, kept: ReadonlySet<string>): Promise<void> {
  for (const path of filesNamed(await readSegment(dataDir, partition, number)))
    if (!kept.has(path)) await rm(join(dataDir, path), { force: true });
  await rm(segmentPath(dataDir, partition, number), { force: true });
}

async function removeAttempts(dataDir: string, prefix: string, kept: ReadonlySet<string>): Promise<void> {
  const dates = (await namesIn(dataPath(dataDir, 'events'))).map((name) => `${DATA_PATHS.events}/${name}`);
  for (const folder of [...dates, DATA_PATHS.dead])
    for (const name of await namesIn(join(dataDir, folder)))
      if (name.startsWith(prefix) && !kept.has(`${folder}/${name}`)) await rm(join(dataDir, folder, name), { force: true });
}

function nameOf(first: number): string {
  return `${padNumber(first)}-${padNumber(first + BLOCK_SEGMENTS - 1)}`;
}
