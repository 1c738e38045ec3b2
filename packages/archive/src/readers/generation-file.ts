/**
 * Rows of a generation as one file. DuckDB writes it beside what is staged; its name is removed before anybody reads it, so that a reader that
 * leaves, or a process that is killed, leaves nothing. Only what was killed while DuckDB wrote stays, until `sweepApiStaging`.
 */
import { type FileHandle, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import { CONVERSION_COLUMNS, parquetFiles, quoted, viewFiles } from '../compute/relations.ts';
import { writeSummed } from '../compute/view-files.ts';
import type { DuckDb } from '../duckdb.ts';
import { isDiskFull, makeFolder, namesIn } from '../durable.ts';
import { findGeneration } from '../generations.ts';
import type { GenerationManifest, StoredFile } from '../layout.ts';
import { PARQUET } from '../parquet.ts';
import { filesSql, sqlText } from '../sql-text.ts';
import { checkFile } from '../verify.ts';
import { withDuckDb } from './data-folder.ts';
import { JOURNEY_COLUMNS, writeJourneys } from './journey-rows.ts';

export type FileFormat = 'ndjson' | 'csv' | 'parquet';

const FORMAT: Readonly<Record<FileFormat, string>> = {
  ndjson: 'FORMAT json',
  csv: 'FORMAT csv, HEADER true',
  parquet: PARQUET,
};

export interface FileAsked {
  /** Conversions one by one, the journeys that ended in them touch by touch, or the rows of a view. */
  readonly rows: 'conversions' | 'journeys' | { readonly view: string };
  readonly format: FileFormat;
  /** Whose conversions and journeys are left out, asked before they are written and after it; null, or one that answers null: everybody's are in it. */
  readonly whoIsErased: (() => Promise<((userKey: string) => boolean) | null>) | null;
}

export interface FileBounds {
  readonly dataDir: string;
  readonly memoryLimit: string;
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

export interface GenerationFile {
  /** Its reader closes it; it has no name. */
  readonly handle: FileHandle;
  readonly bytes: number;
}

/** Throws `not_found` where the generation has no such rows, `conflict` where its files are gone, `archive_corrupt`, `file_too_large`, `archive_full`. */
export async function generationFile(
  manifest: GenerationManifest,
  asked: FileAsked,
  bounds: FileBounds,
): Promise<GenerationFile> {
  const { dataDir } = bounds;
  if (manifest.state !== 'computed') throw gone(manifest);
  const files = filesOf(manifest, asked.rows);
  const folder = await exportFolder(dataDir);
  try {
    for (const file of files) {
      bounds.signal.throwIfAborted();
      await checkFile(dataDir, file);
    }
    const path = join(folder, 'rows');
    await withDuckDb(dataDir, bounds.memoryLimit, (session) => write(session, { manifest, files, folder, path }, asked, bounds));
    const handle = await open(path);
    return { handle, bytes: (await handle.stat()).size };
  } catch (cause) {
    const now = await findGeneration(dataDir, manifest.generation).catch(() => undefined);
    if (now !== undefined && now.state !== 'computed') throw gone(now);
    if (isDiskFull(cause))
      throw new TributaryError('archive_full', `the export does not fit on the disk: ${said(cause)}`, { cause });
    throw cause;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function filesOf({ generation, views, conversions, events }: GenerationManifest, rows: FileAsked['rows']): readonly StoredFile[] {
  if (rows === 'conversions') return conversions;
  if (rows === 'journeys') return events;
  const { view } = rows;
  const files = Object.hasOwn(views, view) ? views[view] : undefined;
  if (files === undefined) throw new TributaryError('not_found', `generation ${generation} does not have the view "${view}"`);
  return files;
}

function gone({ generation, state }: GenerationManifest): TributaryError {
  return new TributaryError('conflict', `generation ${generation} must be computed (got ${state}): it has no files`);
}

interface Work {
  readonly manifest: GenerationManifest;
  /** What is read. */
  readonly files: readonly StoredFile[];
  readonly folder: string;
  /** What is written. */
  readonly path: string;
}

async function write(session: DuckDb, { manifest, files, folder, path }: Work, asked: FileAsked, bounds: FileBounds) {
  const { signal, mostBytes, dataDir } = bounds;
  let isTooLarge = false;
  const interrupt = () => session.interrupt();
  // DuckDB does not bound what it writes.
  const watch = setInterval(() => {
    void sizeOf([path]).then((size) => {
      if (size <= mostBytes) return;
      isTooLarge = true;
      interrupt();
    });
  }, LOOK_MS);
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    // Nothing interrupts what is asked after the abort.
    signal.throwIfAborted();
    const copy = async (from: string) => {
      // One that was interrupted is not tried in another way.
      signal.throwIfAborted();
      if (isTooLarge) throw tooLarge(mostBytes);
      await session.run(
        `COPY (SELECT ${columnsOf(asked).join(', ')} FROM ${from}) TO ${sqlText(path)} (${FORMAT[asked.format]})`,
      );
      isTooLarge ||= (await stat(path)).size > mostBytes;
      if (isTooLarge) throw tooLarge(mostBytes);
    };
    const view = viewOf(asked);
    if (asked.rows === 'journeys') {
      const demandTime = async (written: readonly string[]) => {
        signal.throwIfAborted();
        if ((await sizeOf(written)) > mostBytes) throw tooLarge(mostBytes);
      };
      const parts = await writeJourneys(manifest, { session, dataDir, folder, demandTime });
      const rows = `read_parquet(${filesSql(parts)}, hive_partitioning = false)`;
      return await copyPersonal(session, rows, files, asked, copy);
    }
    const rows = view === undefined ? parquetFiles(dataDir, files, CONVERSION_COLUMNS) : viewFiles(dataDir, files, view);
    if (view === undefined) await copyPersonal(session, rows, files, asked, copy);
    // Rows of several files add up, and a file that is read elsewhere has one a key.
    else if (files.length === 1) await copy(rows);
    else
      await writeSummed({ ...view, rows, areSums: false }, (query) =>
        copy(`(${query}) ORDER BY ${view.dimensions.map(quoted).join(', ')}`),
      );
  } catch (cause) {
    throw isTooLarge && !(cause instanceof TributaryError) ? tooLarge(mostBytes) : cause;
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', interrupt);
  }
}

/** In bytes, of those that are there. */
async function sizeOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Undefined: rows of users. */
function viewOf({ rows }: FileAsked): View | undefined {
  return typeof rows === 'string' ? undefined : VIEWS.find(({ name }) => name === rows.view);
}

/** Law 9: who is erased while the file is written is not in it either. */
async function copyPersonal(
  session: DuckDb,
  rows: string,
  files: readonly StoredFile[],
  asked: FileAsked,
  copy: (from: string) => Promise<void>,
): Promise<void> {
  await session.run('CREATE TABLE erased (user_key VARCHAR)');
  for (let copies = 0; (await addErased(session, rows, files, asked)) > 0 || copies === 0; copies++) {
    if (copies === MOST_COPIES) throw erasedMeanwhile();
    await copy(`${rows} ANTI JOIN erased USING (user_key)`);
  }
}

const LOOK_MS = 250;

function tooLarge(mostBytes: number): TributaryError {
  return new TributaryError('file_too_large', `the file must have at most ${mostBytes} bytes (got more)`);
}

/** Spreadsheets run cells that begin with = + - @ as formulas: in CSV such text is led by an apostrophe, as wherever we write CSV. */
function columnsOf(asked: FileAsked): string[] {
  const { rows, format } = asked;
  const view = viewOf(asked);
  const ofUsers = rows === 'journeys' ? JOURNEY_COLUMNS : CONVERSION_COLUMNS;
  const texts = view?.dimensions ?? Object.entries(ofUsers).flatMap(([name, type]) => (type === 'VARCHAR' ? [name] : []));
  const all = view === undefined ? Object.keys(ofUsers) : [...view.dimensions, ...view.measures];
  return all.map((name) => {
    const column = `"${name}"`;
    const isText = format === 'csv' && texts.includes(name);
    const value = isText
      ? `CASE WHEN regexp_matches(${column}, '^[=+\\-@\\t\\r]') THEN '''' || ${column} ELSE ${column} END`
      : column;
    return `${value} AS "${AS_ANSWERED[name] ?? name}"`;
  });
}

/** Columns of conversions and journeys, as answers of the API have them. */
const AS_ANSWERED: Readonly<Record<string, string>> = {
  user_key: 'userKey',
  value: 'valueMinor',
  touch_id: 'touchId',
  touch_ts: 'touchTs',
  touch_type: 'touchType',
};

/** Adds users of these rows who are erased by now to `erased`, and says how many. */
async function addErased(
  session: DuckDb,
  rows: string,
  files: readonly StoredFile[],
  { whoIsErased }: FileAsked,
): Promise<number> {
  const isErased = whoIsErased !== null ? await whoIsErased() : null;
  if (isErased === null) return 0;
  // Some users at a time, by a hash of theirs: what a question answers lies in memory.
  const parts = Math.max(1, Math.ceil(files.reduce((sum, file) => sum + file.rows, 0) / ROWS_AT_ONCE));
  let added = 0;
  for (let part = 0; part < parts; part++) {
    const keys = `SELECT DISTINCT user_key FROM ${rows} ANTI JOIN erased USING (user_key) WHERE hash(user_key) % ${parts} = ${part}`;
    const found: string[] = [];
    for await (const [users = []] of session.chunks(keys))
      for (const user of users) if (isErased(String(user))) found.push(String(user));
    for (const user of found) await session.run('INSERT INTO erased VALUES ($1)', [user]);
    added += found.length;
  }
  return added;
}

function erasedMeanwhile(): TributaryError {
  const message = `users must not be erased while their conversions are written (got some ${MOST_COPIES} times). Ask for the file again`;
  return new TributaryError('store_unavailable', message);
}

/** How often a file is written where users are erased meanwhile. */
const MOST_COPIES = 3;
const ROWS_AT_ONCE = 1_000_000;

const EXPORT = 'export-';

async function exportFolder(dataDir: string): Promise<string> {
  const staging = dataPath(dataDir, 'staging', 'api');
  await makeFolder(staging);
  return mkdtemp(join(staging, EXPORT));
}

/** Removes what processes left that were killed: folders in which nothing changed since `beforeMs`. */
export async function sweepApiStaging(dataDir: string, beforeMs: number): Promise<void> {
  const staging = dataPath(dataDir, 'staging', 'api');
  for (const name of await namesIn(staging)) {
    if (!/^(?:export|duckdb)-/.test(name)) continue;
    const folder = join(staging, name);
    const files = await readdir(folder).catch(() => []);
    const changed = await Promise.all([folder, ...files.map((file) => join(folder, file))].map(changedMs));
    if (Math.max(...changed) < beforeMs) await rm(folder, { recursive: true, force: true });
  }
}

/** One that is gone meanwhile is nothing to wait for. */
async function changedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

function said(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
