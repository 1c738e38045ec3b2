/** Which archived files hold rows that are to go, how many, and of which partitions the users are: one pass for all users. */
import { join } from 'node:path';
import { PLACES, placesOf } from '../compute/forget.ts';
import type { DuckDb } from '../duckdb.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import type { ArchiveForgotten } from '../forgotten.ts';
import type { SegmentManifest } from '../layout.ts';
import { sqlText } from '../parquet.ts';
import { BLOCK_SEGMENTS, manifestNames, readBlock, readSingle } from '../segments.ts';
import { countToGo, deadToGo } from './dead-records.ts';
import type { RewritePlan } from './plan.ts';

export interface Search {
  /** By partition, those that were looked at, in order. */
  readonly manifests: readonly (readonly SegmentManifest[])[];
  /** How many rows or records of each file are to go, by its path; files without any are left out. */
  readonly hits: ReadonlyMap<string, number>;
  /** Files that were looked at and have no such row. */
  readonly clean: ReadonlySet<string>;
  readonly partitions: NonNullable<ArchiveForgotten['partitions']>;
}

interface Asked extends RewritePlan {
  readonly dataDir: string;
}

/** Leaves `said`: digests, with the place up to which nothing counts; NULL: all. */
export async function loadUsers(session: DuckDb, forgotten: ArchiveForgotten): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE said AS ${PLACES}`, { places: JSON.stringify(placesOf(forgotten)) });
  await session.run('CREATE OR REPLACE TABLE gone (user_key VARCHAR, digest VARCHAR, position VARCHAR, entry_index INTEGER)');
}

/** Needs `said`, and leaves `gone`: the users of it that have a row somewhere. */
export async function searchAll(session: DuckDb, asked: Asked): Promise<Search> {
  const { dataDir, forgotten, from, unplaced } = asked;
  const found = { manifests: [] as SegmentManifest[][], hits: new Map<string, number>(), clean: new Set<string>() };
  const isToGo = deadToGo(forgotten, await erasureKey(dataDir));
  const placed = new Set(forgotten.erased.filter((digest) => unplaced?.has(digest) !== true));
  const partitions = new Map(Object.entries(forgotten.partitions ?? {}).filter(([digest]) => placed.has(digest)));
  for (const [partition, last] of forgotten.lastSegment.entries()) {
    const manifests = await manifestsOf(dataDir, { partition, first: from[partition] ?? 0, last });
    found.manifests.push(manifests);
    const paths = pathsOf(manifests);
    const { hits, digests } = await rowsToGo(session, dataDir, paths);
    for (const path of paths) if (!hits.has(path)) found.clean.add(path);
    for (const [path, rows] of hits) found.hits.set(path, rows);
    for (const path of deadPathsOf(manifests)) {
      const records = await countToGo(dataDir, { path, partition }, isToGo);
      if (records > 0) found.hits.set(path, records);
      else found.clean.add(path);
    }
    for (const digest of digests)
      if (placed.has(digest)) partitions.set(digest, [...new Set([...(partitions.get(digest) ?? []), partition])]);
  }
  return { ...found, partitions: Object.fromEntries([...partitions].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Whether no file of the partition up to the cut has such a row. Files never change, so those that had none are not looked at again. */
export async function isWithout(
  session: DuckDb,
  { dataDir, forgotten, from }: Asked,
  partition: number,
  { clean }: Pick<Search, 'clean'>,
): Promise<boolean> {
  const range = { partition, first: from[partition] ?? 0, last: forgotten.lastSegment[partition] ?? -1 };
  const manifests = await manifestsOf(dataDir, range);
  const isToGo = deadToGo(forgotten, await erasureKey(dataDir));
  for (const path of deadPathsOf(manifests))
    if (!clean.has(path) && (await countToGo(dataDir, { path, partition }, isToGo)) > 0) return false;
  const paths = pathsOf(manifests).filter((path) => !clean.has(path));
  return (await rowsToGo(session, dataDir, paths)).hits.size === 0;
}

interface Range {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** Blocks, and segments, those of blocks as well, in order: bytes are in both for a day. */
export async function manifestsOf(dataDir: string, { partition, first, last }: Range): Promise<SegmentManifest[]> {
  const names = await manifestNames(dataDir, partition);
  const found: (SegmentManifest | undefined)[] = [];
  for (const number of names.blocks)
    if (number + BLOCK_SEGMENTS > first && number <= last) found.push(await readBlock(dataDir, partition, number));
  for (const number of names.singles)
    if (number >= first && number <= last) found.push(await readSingle(dataDir, partition, number));
  return found.filter((manifest) => manifest !== undefined).sort((a, b) => a.number - b.number);
}

function pathsOf(manifests: readonly SegmentManifest[]): string[] {
  return manifests.flatMap(({ files }) => files.map(({ path }) => path));
}

function deadPathsOf(manifests: readonly SegmentManifest[]): string[] {
  return manifests.flatMap(({ dead }) => (dead === null ? [] : [dead.path]));
}

/** A condition on rows `e` of a user of `gone`. */
export const TO_GO = '(gone.position IS NULL OR (e.position, e.entry_index) <= (gone.position, gone.entry_index))';

/** Adds the users that it finds to `gone`. */
async function rowsToGo(session: DuckDb, dataDir: string, paths: readonly string[]) {
  if (paths.length === 0) return { hits: new Map<string, number>(), digests: [] };
  const digest = digestSql('user_key', await erasureKey(dataDir));
  const events = `read_parquet([${paths.map((path) => sqlText(join(dataDir, path))).join(', ')}], union_by_name = true, hive_partitioning = false, filename = true)`;
  await session.run(`CREATE OR REPLACE TABLE here AS SELECT user_key, digest, position, entry_index
    FROM (SELECT user_key, ${digest} AS digest FROM (SELECT DISTINCT user_key FROM ${events})) JOIN said USING (digest)`);
  await session.run('INSERT INTO gone SELECT * FROM here ANTI JOIN gone USING (user_key)');
  const [digests = []] = await session.columns('SELECT digest FROM here');
  const rows = await session.rows(
    `SELECT e.filename AS path, count(*) AS hits FROM ${events} AS e JOIN here AS gone USING (user_key) WHERE ${TO_GO} GROUP BY ALL`,
  );
  const byFile = new Map(paths.map((path) => [join(dataDir, path), path]));
  const hits = new Map(rows.map((row) => [byFile.get(String(row['path'])) as string, Number(row['hits'])]));
  return { hits, digests: digests.map(String) };
}
