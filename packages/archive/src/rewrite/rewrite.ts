/**
 * Archived files written again without users who were erased:
 *
 *   archive/forgotten.json ─▶ oldest segment first: file without them ─▶ manifest ─▶ what no manifest names goes ─▶ search ─▶ searchedAt
 *
 * A file that was replaced stays until the next run, for who reads it by the list of before, and receipts know of it.
 *
 * Killed anywhere, it begins again: a segment has its old files or its new ones, and what is left beside them is removed. The oldest first, so that
 * of several records about one user the newest is the last to go: who reads half of it is not misled by an older lift.
 */
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HOUR_MS } from '@tributary/model/time';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { PLACES, placesOf } from '../compute/forget.ts';
import type { DuckDb } from '../duckdb.ts';
import { namesIn, writeDurably } from '../durable.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import { writeForgotten } from '../forgotten.ts';
import type { SegmentManifest } from '../layout.ts';
import { padNumber, toJson } from '../manifest-file.ts';
import { copyToParquet, keepFile, sqlText } from '../parquet.ts';
import {
  BLOCK_SEGMENTS,
  blockPath,
  filesNamed,
  manifestNames,
  partitionName,
  readBlock,
  readSingle,
  segmentPath,
} from '../segments.ts';
import { checkFile } from '../verify.ts';
import type { RewritePlan } from './plan.ts';

export interface Rewrite extends RewritePlan {
  readonly dataDir: string;
  /** Hex digits that no other attempt has. */
  readonly attempt: string;
  /** A folder of its own. */
  readonly staging: string;
  readonly nowMs: number;
  /** Passed after each step whose effect is durable: the points at which a process may die. */
  readonly reached?: (step: string) => void;
}

export interface Rewritten {
  readonly rows: number;
  readonly files: number;
  /** Whether a search found nothing of these users in any file up to the cut. */
  readonly isSearched: boolean;
}

export async function rewriteArchive(session: DuckDb, rewrite: Rewrite): Promise<Rewritten> {
  const { dataDir, forgotten, from, nowMs, reached = () => {} } = rewrite;
  await writeForgotten(dataDir, forgotten);
  reached('forgotten');
  await loadUsers(session, rewrite);
  const total = { rows: 0, files: 0 };
  let isSearched = true;
  const replaced: Replaced[] = [];
  for (const [partition, last] of forgotten.lastSegment.entries()) {
    const range = { partition, first: from[partition] ?? 0, last };
    const hits = await hitsIn(session, rewrite, await manifestsOf(dataDir, range));
    for (const manifest of await manifestsOf(dataDir, range)) {
      const own = manifest.files.filter(({ path }) => hits.has(path));
      if (own.length === 0) continue;
      await rewriteSegment(session, rewrite, manifest, hits);
      total.files += own.length;
      total.rows += own.reduce((sum, { path }) => sum + (hits.get(path) ?? 0), 0);
      replaced.push(...own.map(({ path }) => ({ path, partition, after: manifest.after })));
    }
    const isCleared = await sweepUnnamed(rewrite, { partition, last, replaced });
    reached('cleared');
    const left = await hitsIn(session, rewrite, await manifestsOf(dataDir, range));
    isSearched &&= isCleared && left.size === 0;
  }
  await writeForgotten(dataDir, { ...forgotten, searchedAt: isSearched ? nowMs : null, replaced });
  return { ...total, isSearched };
}

/** Leaves `said`: digests, with the place up to which nothing counts; NULL: all. */
async function loadUsers(session: DuckDb, { forgotten }: Rewrite): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE said AS ${PLACES}`, { places: JSON.stringify(placesOf(forgotten)) });
}

interface Range {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** Blocks, and segments, those of blocks as well, in order: bytes are in both for a day. */
async function manifestsOf(dataDir: string, { partition, first, last }: Range): Promise<SegmentManifest[]> {
  const names = await manifestNames(dataDir, partition);
  const found: (SegmentManifest | undefined)[] = [];
  for (const number of names.blocks)
    if (number + BLOCK_SEGMENTS > first && number <= last) found.push(await readBlock(dataDir, partition, number));
  for (const number of names.singles)
    if (number >= first && number <= last) found.push(await readSingle(dataDir, partition, number));
  return found.filter((manifest) => manifest !== undefined).sort((a, b) => a.number - b.number);
}

const TO_GO = '(gone.position IS NULL OR (e.position, e.entry_index) <= (gone.position, gone.entry_index))';

/** How many rows of each file are to go, by its path; files without any are left out. Leaves `gone`: the users among them. */
async function hitsIn(
  session: DuckDb,
  { dataDir }: Rewrite,
  manifests: readonly SegmentManifest[],
): Promise<ReadonlyMap<string, number>> {
  const paths = manifests.flatMap(({ files }) => files.map(({ path }) => path));
  if (paths.length === 0) return new Map();
  const digest = digestSql('user_key', await erasureKey(dataDir));
  const events = `read_parquet([${paths.map((path) => sqlText(join(dataDir, path))).join(', ')}], union_by_name = true, hive_partitioning = false, filename = true)`;
  await session.run(`CREATE OR REPLACE TABLE gone AS SELECT user_key, position, entry_index
    FROM (SELECT user_key, ${digest} AS digest FROM (SELECT DISTINCT user_key FROM ${events})) JOIN said USING (digest)`);
  const rows = await session.rows(
    `SELECT e.filename AS path, count(*) AS hits FROM ${events} AS e JOIN gone USING (user_key) WHERE ${TO_GO} GROUP BY ALL`,
  );
  const byFile = new Map(paths.map((path) => [join(dataDir, path), path]));
  return new Map(rows.map((row) => [byFile.get(String(row['path'])) as string, Number(row['hits'])]));
}

async function rewriteSegment(
  session: DuckDb,
  { dataDir, attempt, staging, reached = () => {} }: Rewrite,
  manifest: SegmentManifest,
  hits: ReadonlyMap<string, number>,
): Promise<void> {
  const files: SegmentManifest['files'][number][] = [];
  for (const [i, file] of manifest.files.entries()) {
    const toGo = hits.get(file.path);
    if (toGo === undefined) {
      files.push(file);
      continue;
    }
    await checkFile(dataDir, file);
    const left = file.rows - toGo;
    if (left === 0) continue;
    const staged = join(staging, `${i}.parquet`);
    const events = `read_parquet(${sqlText(join(dataDir, file.path))}, hive_partitioning = false)`;
    const rows = await copyToParquet(
      session,
      `SELECT e.* FROM ${events} AS e LEFT JOIN gone ON gone.user_key = e.user_key
       WHERE gone.user_key IS NULL OR NOT ${TO_GO} ORDER BY e.user_key, e.ts, e.position, e.entry_index`,
      staged,
    );
    // Law 6: what is of others stays, to the row.
    if (rows !== left) throw new Error(`${file.path}: ${left} of ${file.rows} rows were to stay, ${rows} were written`);
    const target = `${dirname(file.path)}/${stemOf(manifest)}-${attempt}.${i}.parquet`;
    files.push({ ...(await keepFile(dataDir, staged, target, rows)), date: file.date });
    reached('written');
  }
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  await writeDurably(pathOf(dataDir, manifest), toJson({ ...manifest, files, rows }));
  reached('named');
}

function stemOf({ partition, number, to }: SegmentManifest): string {
  const numbers = to === undefined ? padNumber(number) : `${padNumber(number)}-${padNumber(to)}`;
  return `${partitionName(partition)}-${numbers}`;
}

function pathOf(dataDir: string, { partition, number, to }: SegmentManifest): string {
  return to === undefined ? segmentPath(dataDir, partition, number) : blockPath(dataDir, partition, number);
}

/** A file that is younger may have a writer that has not written its manifest yet. */
const ABANDONED_MS = HOUR_MS;

type Replaced = NonNullable<RewritePlan['forgotten']['replaced']>[number];

/**
 * Removes files of segments up to `last` that no manifest names: what an attempt before this one replaced, and what a killed one left. False: some
 * are too young to say, or a manifest is missing. `replaced`: by this attempt; they stay.
 */
async function sweepUnnamed(
  { dataDir, nowMs, forgotten }: Rewrite,
  { partition, last, replaced }: { readonly partition: number; readonly last: number; readonly replaced: readonly Replaced[] },
): Promise<boolean> {
  const all = await manifestsOf(dataDir, { partition, first: 0, last });
  // Where a manifest is lost, its files are all that is left of those events: a repair may still bring it back.
  if (hasHole(all, last)) return false;
  const named = new Set(all.flatMap((manifest) => [...filesNamed(manifest)]));
  const before = new Set(forgotten.replaced?.map(({ path }) => path));
  const now = new Set(replaced.map(({ path }) => path));
  let isCleared = true;
  for (const date of await namesIn(dataPath(dataDir, 'events')))
    for (const name of await namesIn(dataPath(dataDir, 'events', date))) {
      const path = `${DATA_PATHS.events}/${date}/${name}`;
      const [, own, number] = /^p(\d{2,4})-(\d{6,12})-/.exec(name) ?? [];
      if (Number(own) !== partition || Number(number) > last || named.has(path) || now.has(path)) continue;
      const { mtimeMs } = await stat(join(dataDir, path)).catch(() => ({ mtimeMs: 0 }));
      if (before.has(path) || nowMs - mtimeMs >= ABANDONED_MS) await rm(join(dataDir, path), { force: true });
      else isCleared = false;
    }
  return isCleared;
}

/** Whether a segment up to `last` is in no manifest. `manifests`: by number. */
function hasHole(manifests: readonly SegmentManifest[], last: number): boolean {
  let next = 0;
  for (const { number, to = number } of manifests) {
    if (number > next) return true;
    next = Math.max(next, to + 1);
  }
  return next <= last;
}
