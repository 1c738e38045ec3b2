/**
 * What the data folder holds of a user. The folder itself is walked, not only what manifests name: a file that a killed process left behind
 * holds the same events. Named files are held against their manifest first.
 */
import { createReadStream } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { partitionsOf } from '@tributary/archive/audit/audit';
import type { DuckDb } from '@tributary/archive/duckdb';
import { errorCode } from '@tributary/archive/durable';
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import type { StoredFile } from '@tributary/archive/layout';
import { archivedRowsOf, generationRowsOf } from '@tributary/archive/readers/subject-rows';
import { readSegments } from '@tributary/archive/segments';
import { checkFile } from '@tributary/archive/verify';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { type Found, found, foundText, unread } from './line.ts';
import { whoseText } from './whose.ts';

/** Files of one question to DuckDB. */
const FILES_AT_ONCE = 64;
/** Files that are named one by one in a place that cannot be read. */
const MOST_NAMED = 1_000;

interface Folder {
  readonly dataDir: string;
  readonly session: DuckDb;
  readonly signal: AbortSignal;
}

type Files = Omit<Folder, 'session'>;

export async function* fromArchive(folder: Folder, userKey: string): AsyncGenerator<Found> {
  const { dataDir, session } = folder;
  const { events, holes } = await archivedFiles(dataDir);
  yield* holes;
  for await (const files of batches(folder, 'archive', events)) {
    if (!Array.isArray(files)) yield files;
    else
      for await (const { event, of, ...from } of archivedRowsOf(session, dataDir, files, userKey))
        yield found('archive', from, of, { event });
  }
  yield* missing('archive', events.size === 0 ? [] : await unseen(dataDir, events, (await archivedFiles(dataDir)).events));
}

export async function* fromDeadRecords({ dataDir, signal }: Files, userKey: string): AsyncGenerator<Found> {
  const { dead } = await archivedFiles(dataDir);
  for await (const file of filesUnder(dataDir, DATA_PATHS.dead)) {
    const stored = dead.get(file);
    const damage = stored === undefined ? null : await damageOf(dataDir, stored);
    if (damage !== null) {
      yield unread('deadRecords', { file }, damage, true);
      continue;
    }
    const lines = createInterface({ input: createReadStream(join(dataDir, file)), crlfDelay: Number.POSITIVE_INFINITY });
    let line = 0;
    for await (const text of lines) {
      signal.throwIfAborted();
      const whose = whoseRecord(text, userKey);
      if (whose !== null) yield foundText('deadRecords', { file, line }, whose, 'record', text);
      line++;
    }
  }
  yield* missing('deadRecords', dead.size === 0 ? [] : await unseen(dataDir, dead, (await archivedFiles(dataDir)).dead));
}

/** What the manifests of all partitions name. A damaged one is a hole of its partition; its files are read all the same, as they are. */
async function archivedFiles(dataDir: string) {
  const events = new Map<string, StoredFile>();
  const dead = new Map<string, StoredFile>();
  const holes: Found[] = [];
  for (const partition of await partitionsOf(dataDir))
    try {
      for (const segment of await readSegments(dataDir, partition)) {
        for (const file of segment.files) events.set(file.path, file);
        if (segment.dead !== null) dead.set(segment.dead.path, segment.dead);
      }
    } catch (error) {
      holes.push(unread('archive', { partition }, `its manifests: ${(error as Error).message}`, true));
    }
  return { events, dead, holes };
}

/** The record itself stands as a text in the line that keeps it, with the reason, which may quote it. */
function whoseRecord(text: string, userKey: string): ReturnType<typeof whoseText> {
  const inLine = whoseText(text, userKey);
  try {
    const { raw, message } = JSON.parse(text) as { readonly raw?: unknown; readonly message?: unknown };
    const inRaw = typeof raw === 'string' ? whoseText(raw, userKey) : inLine;
    return inRaw ?? (typeof message === 'string' && message.includes(userKey) ? 'text' : null);
  } catch {
    return inLine;
  }
}

export async function* fromGenerations(folder: Folder, userKey: string): AsyncGenerator<Found> {
  const { dataDir, session } = folder;
  const { rows, sums, holes } = await generationFiles(dataDir);
  yield* holes;
  // One file at a time: those of events and of conversions have other columns.
  for await (const files of batches(folder, 'generations', rows, { without: sums, size: 1 })) {
    if (!Array.isArray(files)) yield files;
    else
      for await (const { values, of, ...from } of generationRowsOf(session, dataDir, files, userKey))
        yield found('generations', from, of, { row: values });
  }
  yield* missing('generations', rows.size === 0 ? [] : await unseen(dataDir, rows, (await generationFiles(dataDir)).rows));
}

/** `rows`: files with rows of users; `sums`: those of views, which have none. */
async function generationFiles(dataDir: string) {
  const rows = new Map<string, StoredFile>();
  const sums = new Set<string>();
  const holes: Found[] = [];
  for (const generation of await listGenerations(dataDir))
    try {
      const { state, events, conversions, views } = await readGeneration(dataDir, generation);
      if (state === 'retired') continue;
      for (const file of [...events, ...conversions]) rows.set(file.path, file);
      for (const { path } of Object.values(views).flat()) sums.add(path);
    } catch (error) {
      holes.push(unread('generations', { generation }, `its manifest: ${(error as Error).message}`, true));
    }
  return { rows, sums, holes };
}

/** Files that hold whatever their makers read, and cannot be assigned to users. */
export async function* fromUnread(dataDir: string): AsyncGenerator<Found> {
  const reasons = {
    staging: 'in the making: it goes when it is done. What it is made of is in this export.',
    quarantine: 'its bytes do not match their manifest: it may hold events of this user',
  } as const;
  for (const place of ['staging', 'quarantine'] as const) {
    let count = 0;
    for await (const file of filesUnder(dataDir, DATA_PATHS[place]))
      if (count++ < MOST_NAMED) yield unread(place, { file }, reasons[place], place === 'quarantine');
    if (count > MOST_NAMED) yield unread(place, { files: count - MOST_NAMED }, `and more files: ${reasons[place]}`, false);
  }
}

/** Paths of files that can be read, some at a time; one that differs from its manifest is a hole. `without`: files that need no look. */
async function* batches(
  { dataDir, signal }: Files,
  place: 'archive' | 'generations',
  named: ReadonlyMap<string, StoredFile>,
  { without, size }: { readonly without: ReadonlySet<string>; readonly size: number } = {
    without: new Set(),
    size: FILES_AT_ONCE,
  },
): AsyncGenerator<string[] | Found> {
  let batch: string[] = [];
  for await (const file of filesUnder(dataDir, place === 'archive' ? DATA_PATHS.events : DATA_PATHS.generations)) {
    signal.throwIfAborted();
    if (!file.endsWith('.parquet') || without.has(file)) continue;
    const stored = named.get(file);
    const damage = stored === undefined ? null : await damageOf(dataDir, stored);
    if (damage !== null) yield unread(place, { file }, damage, true);
    else batch.push(file);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Files that are named before and after the walk, and not there. Those that were merged or retired meanwhile are named no longer. */
async function unseen(
  dataDir: string,
  before: ReadonlyMap<string, StoredFile>,
  after: ReadonlyMap<string, StoredFile>,
): Promise<string[]> {
  const gone: string[] = [];
  for (const file of before.keys())
    if (after.has(file) && (await stat(join(dataDir, file)).catch(() => null)) === null) gone.push(file);
  return gone;
}

function* missing(place: 'archive' | 'deadRecords' | 'generations', files: readonly string[]): Generator<Found> {
  for (const file of files) yield unread(place, { file }, 'its manifest names it, and it is not there', true);
}

async function damageOf(dataDir: string, file: StoredFile): Promise<string | null> {
  try {
    await checkFile(dataDir, file);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Relative to the data folder, with forward slashes. Links are not followed. */
async function* filesUnder(dataDir: string, folder: string): AsyncGenerator<string> {
  let entries: Awaited<ReturnType<typeof opendir>>;
  try {
    entries = await opendir(join(dataDir, folder));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  for await (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesUnder(dataDir, path);
    else if (entry.isFile()) yield path;
  }
}

/** Where DuckDB spills while it looks for a user. */
export function spillFolder(dataDir: string): string {
  return dataPath(dataDir, 'staging', 'api');
}
