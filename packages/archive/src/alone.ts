/**
 * One process at a time replaces archived files: who writes them again without erased users, and who merges them. Two at once, one of which read the
 * manifests before the other wrote, would bring rows back after a search, or name a file that the other removed.
 *
 * The lock is the operating system's, on a file, as DuckDB takes it of a database: it ends with its process, however that dies, and one that sleeps
 * keeps it. A folder that hosts share must support locks (NFS does).
 */
import { access, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import type { DuckDb } from './duckdb.ts';
import { linkExclusive, makeFolder, syncAndDigest } from './durable.ts';
import { sqlText } from './sql-text.ts';

/** The lock does not hold between sessions of one process, and the second one that ends would end the first one's. */
const ownFolders = new Set<string>();

/** Throws where another process, or another session of this one, has the lock. */
export async function alone<T>(
  session: DuckDb,
  { dataDir, staging }: { readonly dataDir: string; readonly staging: string },
  work: () => Promise<T>,
): Promise<T> {
  const path = dataPath(dataDir, 'archiveLock');
  if (ownFolders.has(path)) throw taken(path, 'this process');
  ownFolders.add(path);
  try {
    await makeLock(session, path, staging);
    const lock = sqlText(path);
    await session.run(`ATTACH ${lock} AS own`).catch((error: unknown) => {
      throw taken(path, String(error));
    });
    try {
      return await work();
    } finally {
      await session.run('DETACH own');
    }
  } finally {
    ownFolders.delete(path);
  }
}

/** Made elsewhere, and whole when it gets its name: half a file would be one that no process can lock, for good. */
async function makeLock(session: DuckDb, path: string, staging: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const staged = join(staging, 'lock');
  await makeFolder(staging);
  await rm(staged, { force: true });
  await session.run(`ATTACH ${sqlText(staged)} AS made`);
  await session.run('DETACH made');
  await syncAndDigest(staged);
  await makeFolder(dirname(path));
  await linkExclusive(staged, path);
  await rm(staged, { force: true });
}

function taken(path: string, by: string): Error {
  return new Error(
    `one process at a time must replace archived files (${path} is held: ${by}). It is tried again after the next run; remove the file where it is damaged`,
  );
}
