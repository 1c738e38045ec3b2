/**
 * Archived files written again without users who were erased:
 *
 *   search ─▶ archive/forgotten.json ─▶ oldest segment first: file without them ─▶ manifest ─▶ what no manifest names goes ─▶ search ─▶ searchedAt
 *
 * All users are searched for in one pass; the second one looks at the files alone that are new. A file that was replaced stays until the next run,
 * for who reads it by the list of before, also where this attempt is killed, and receipts know of it.
 *
 * Killed anywhere, it begins again: a segment has its old files or its new ones, and what is left beside them is removed. The oldest first, so that
 * of several records about one user the newest is the last to go: who reads half of it is not misled by an older lift.
 */
import { dirname, join } from 'node:path';
import { DAY_MS } from '@tributary/model/time';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { removeDeadMarks, replaceManifest } from '../changes/unshared.ts';
import type { DuckDb } from '../duckdb.ts';
import { erasureKey } from '../erasure-key.ts';
import { type ArchiveForgotten, writeForgotten } from '../forgotten.ts';
import type { SegmentManifest } from '../layout.ts';
import { padNumber } from '../manifest-file.ts';
import { copyToParquet, keepFile } from '../parquet.ts';
import { filesNamed, partitionName } from '../segments.ts';
import { filesSql } from '../sql-text.ts';
import { checkFile } from '../verify.ts';
import { ahead } from './ahead.ts';
import { deadToGo, writeStaying } from './dead-records.ts';
import { isOfNewUsers, type RewritePlan } from './plan.ts';
import { isWithout, loadUsers, type Search, searchAll, TO_GO } from './search.ts';
import { sweepUnnamed } from './sweep.ts';

export interface Rewrite extends RewritePlan {
  readonly dataDir: string;
  /** Hex digits that no other attempt has. */
  readonly attempt: string;
  /** A folder of its own. */
  readonly staging: string;
  readonly nowMs: number;
  /** Files that are written at a time: connections of the session. */
  readonly width?: number;
  /** Passed after each step whose effect is durable: the points at which a process may die. */
  readonly reached?: (step: string) => void;
}

export interface Rewritten {
  readonly rows: number;
  readonly files: number;
  /** Whether a search found nothing of these users in any file up to the cut. */
  readonly isSearched: boolean;
}

export async function rewriteArchive(session: DuckDb, asked: Rewrite): Promise<Rewritten> {
  const { dataDir, nowMs, reached = () => {} } = asked;
  await removeDeadMarks(dataDir);
  const users = await loadUsers(session, asked);
  const rewrite = { ...asked, forgotten: users.forgotten };
  const search = await searchAll(session, rewrite);
  const replaced = replacedBy(rewrite.forgotten, search.manifests, search.hits);
  const forgotten = { ...rewrite.forgotten, ...redisAfter(rewrite, search.hits.size > 0), partitions: search.partitions };
  await writeForgotten(dataDir, { ...forgotten, replacing: replaced });
  const stay = new Set(replaced.map(({ path }) => path));
  reached('forgotten');
  let isSearched = !users.isWaiting && !search.isWaiting;
  for (const [partition, last] of forgotten.lastSegment.entries()) {
    await rewritePartition(session, rewrite, search.manifests[partition] ?? [], search.hits);
    const isCleared = await sweepUnnamed(rewrite, { partition, last, stay });
    reached('cleared');
    isSearched &&= isCleared && (await isWithout(session, rewrite, partition, search));
  }
  await writeForgotten(dataDir, { ...forgotten, searchedAt: isSearched ? nowMs : null, replaced, replacing: [] });
  const rows = [...search.hits.values()].reduce((sum, hits) => sum + hits, 0);
  return { rows, files: search.hits.size, isSearched };
}

/** An erased user who goes on sending would have all that Redis holds written again after each run. */
const REDIS_FILES_EVERY_MS = DAY_MS;

/** `forgotten`: without those whose rows wait. `hasHits`: what is replaced now, the files of Redis have as well. */
function redisAfter({ forgotten, before, redisFilesAt, nowMs }: Rewrite, hasHits: boolean) {
  const left = redisFilesAt === undefined ? (forgotten.redisDue ?? []) : [];
  const lastMs = redisFilesAt ?? forgotten.redisFilesAt ?? Number.NEGATIVE_INFINITY;
  const isDue = hasHits && (isOfNewUsers(forgotten, before) || nowMs - lastMs >= REDIS_FILES_EVERY_MS);
  // What is left of before stays as it is where nothing newer is due: the log is trimmed some minutes behind, and runs may come faster.
  return { redisDue: isDue ? forgotten.cut : left, ...(redisFilesAt !== undefined && { redisFilesAt }) };
}

type Replaced = NonNullable<ArchiveForgotten['replaced']>;

/** What this attempt replaces, and what one before it did that was killed: both stay until the next run. */
function replacedBy({ replacing = [] }: ArchiveForgotten, manifests: Search['manifests'], hits: Search['hits']): Replaced {
  const own = manifests
    .flat()
    .flatMap((manifest) =>
      [...filesNamed(manifest)].map((path) => ({ path, partition: manifest.partition, after: manifest.after })),
    );
  return [...new Map([...replacing, ...own.filter(({ path }) => hits.has(path))].map((one) => [one.path, one])).values()];
}

/** Files are written some at a time; manifests name them one after the other, the oldest first. */
async function rewritePartition(
  session: DuckDb,
  rewrite: Rewrite,
  manifests: readonly SegmentManifest[],
  hits: Search['hits'],
): Promise<void> {
  const { dataDir, width = 1, reached = () => {} } = rewrite;
  const concerned = manifests.filter((manifest) => [...filesNamed(manifest)].some((path) => hits.has(path)));
  const asked = concerned.flatMap((manifest) =>
    manifest.files.map((file, i) => () => rewriteFile(session, rewrite, { manifest, file, i, toGo: hits.get(file.path) ?? 0 })),
  );
  const written = ahead(asked, width);
  try {
    for (const manifest of concerned) {
      const files: SegmentManifest['files'][number][] = [];
      for (const _ of manifest.files) {
        const { value } = await written.next();
        if (value) files.push(value);
      }
      const rows = files.reduce((sum, file) => sum + file.rows, 0);
      const dead = await rewriteDead(rewrite, manifest, hits);
      const next = { ...manifest, files, rows, dead, deadRows: dead?.rows ?? 0 };
      await replaceManifest(dataDir, next);
      reached('named');
    }
  } finally {
    await written.return(undefined);
  }
}

/** The file of records that are not events, without those that go. */
async function rewriteDead(rewrite: Rewrite, manifest: SegmentManifest, hits: Search['hits']): Promise<SegmentManifest['dead']> {
  const { dataDir, attempt, staging, forgotten, reached = () => {} } = rewrite;
  const { dead, partition } = manifest;
  const toGo = dead === null ? 0 : (hits.get(dead.path) ?? 0);
  if (dead === null || toGo === 0) return dead;
  await checkFile(dataDir, dead);
  const left = dead.rows - toGo;
  if (left === 0) return null;
  const name = `${stemOf(manifest)}-${attempt}.ndjson`;
  const staged = join(staging, name);
  const isToGo = deadToGo(forgotten, await erasureKey(dataDir));
  const written = await writeStaying(dataDir, { path: dead.path, partition }, isToGo, staged);
  if (written !== left) throw new Error(`${dead.path}: ${left} of ${dead.rows} records were to stay, ${written} were written`);
  const kept = await keepFile(dataDir, staged, `${DATA_PATHS.dead}/${name}`, left);
  reached('written');
  return kept;
}

interface AskedFile {
  readonly manifest: SegmentManifest;
  readonly file: SegmentManifest['files'][number];
  /** Its place in the manifest. */
  readonly i: number;
  /** Rows of it. */
  readonly toGo: number;
}

/** The file that takes its place; itself where nothing goes; null: nothing stays. */
async function rewriteFile(
  session: DuckDb,
  { dataDir, attempt, staging, reached = () => {} }: Rewrite,
  { manifest, file, i, toGo }: AskedFile,
): Promise<SegmentManifest['files'][number] | null> {
  if (toGo === 0) return file;
  await checkFile(dataDir, file);
  const left = file.rows - toGo;
  if (left === 0) return null;
  const name = `${stemOf(manifest)}-${attempt}.${i}.parquet`;
  const staged = join(staging, name);
  const events = `read_parquet(${filesSql([join(dataDir, file.path)])}, hive_partitioning = false)`;
  const rows = await copyToParquet(
    session,
    `SELECT e.* FROM ${events} AS e LEFT JOIN gone ON gone.user_key = e.user_key
     ANTI JOIN gone_rows ON gone_rows.user_key = e.user_key AND gone_rows.position = e.position AND gone_rows.entry_index = e.entry_index
     WHERE gone.user_key IS NULL OR NOT ${TO_GO} ORDER BY e.user_key, e.ts, e.position, e.entry_index`,
    staged,
  );
  // Law 6: what is of others stays, to the row.
  if (rows !== left) throw new Error(`${file.path}: ${left} of ${file.rows} rows were to stay, ${rows} were written`);
  const kept = { ...(await keepFile(dataDir, staged, `${dirname(file.path)}/${name}`, rows)), date: file.date };
  reached('written');
  return kept;
}

function stemOf({ partition, number, to }: SegmentManifest): string {
  const numbers = to === undefined ? padNumber(number) : `${padNumber(number)}-${padNumber(to)}`;
  return `${partitionName(partition)}-${numbers}`;
}
