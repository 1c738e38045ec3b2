/**
 * What crashes left behind. Staging folders go, but those of archivers that are known to live: one that lives all the same (a
 * zombie) fails on its next write and starts again from the manifests. A file of segment n that manifest n does not name is
 * an orphan, once that manifest is there; before, another archiver may be about to name it. A young one may be of a process that
 * writes archived files again and names it next, and one that it replaced is still read.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, sweepStaged } from '@tributary/archive/durable';
import { replacedFiles } from '@tributary/archive/replaced-files';
import { filesNamed, lastSegmentNumber, readSegment } from '@tributary/archive/segments';
import { HOUR_MS } from '@tributary/model/time';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';

const STAGING = 'archiver-';

export function stagingFolder(dataDir: string, writer: string): string {
  return dataPath(dataDir, 'staging', `${STAGING}${writer}`);
}

/** No manifest takes this long to write. */
const ABANDONED_MS = HOUR_MS;

/** `living`: the writers whose folders stay. */
export async function sweepStaging(dataDir: string, nowMs: number, living: ReadonlySet<string> = new Set()): Promise<void> {
  for (const name of await namesIn(dataPath(dataDir, 'staging'))) {
    if (!name.startsWith(STAGING) || living.has(name.slice(STAGING.length))) continue;
    await rm(dataPath(dataDir, 'staging', name), { recursive: true, force: true });
  }
  const segments = dataPath(dataDir, 'segments');
  for (const name of await namesIn(segments)) await sweepStaged(join(segments, name), nowMs - ABANDONED_MS);
}

const FILE = /^p(\d{2,4})-(\d{6,12})-([0-9a-f]+)(\.\d+)?\.(parquet|ndjson)$/;
/** Manifests are read for the newest segments, and where files of two writers meet: not for the whole past. */
const NEWEST = 32;

/**
 * Removes orphans; returns their paths. None where it cannot be read which files were replaced: that keeps no archiver from its work. It is read after the
 * manifests, as it is written before any of them names another file.
 */
export async function sweepOrphans(
  dataDir: string,
  nowMs: number,
  replacedIn: (dataDir: string) => Promise<ReadonlySet<string>> = replacedFiles,
): Promise<string[]> {
  const unnamed = await unnamedFiles(dataDir);
  const stay = unnamed.length === 0 ? null : await replacedIn(dataDir).catch(() => null);
  if (stay === null) return [];
  const removed: string[] = [];
  for (const path of unnamed) {
    if (stay.has(path)) continue;
    const { mtimeMs } = await stat(join(dataDir, path)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (nowMs - mtimeMs < ABANDONED_MS) continue;
    await rm(join(dataDir, path), { force: true });
    removed.push(path);
  }
  return removed;
}

async function unnamedFiles(dataDir: string): Promise<string[]> {
  const unnamed: string[] = [];
  for (const { partition, number, writers, paths } of (await filesBySegment(dataDir)).values()) {
    const last = await lastSegmentNumber(dataDir, partition);
    if (number > last || (number <= last - NEWEST && writers.size === 1)) continue;
    const segment = await readSegment(dataDir, partition, number);
    // Merged into a block: the merge removes its files, in time.
    if (segment.to !== undefined) continue;
    const named = filesNamed(segment);
    unnamed.push(...paths.filter((path) => !named.has(path)));
  }
  return unnamed;
}

interface SegmentFiles {
  readonly partition: number;
  readonly number: number;
  readonly writers: Set<string>;
  readonly paths: string[];
}

async function filesBySegment(dataDir: string): Promise<Map<string, SegmentFiles>> {
  const segments = new Map<string, SegmentFiles>();
  for (const folder of await dataFolders(dataDir)) {
    for (const name of await namesIn(join(dataDir, folder))) {
      const [, partition, number, writer] = FILE.exec(name) ?? [];
      if (partition === undefined || writer === undefined) continue;
      const key = `${partition}/${number}`;
      let files = segments.get(key);
      if (files === undefined) {
        files = { partition: Number(partition), number: Number(number), writers: new Set(), paths: [] };
        segments.set(key, files);
      }
      files.writers.add(writer);
      files.paths.push(`${folder}/${name}`);
    }
  }
  return segments;
}

async function dataFolders(dataDir: string): Promise<string[]> {
  const days = (await namesIn(dataPath(dataDir, 'events'))).filter((name) => /^date=\d{4}(-\d{2}){0,2}$/.test(name));
  return [...days.map((day) => `${DATA_PATHS.events}/${day}`), DATA_PATHS.dead];
}
