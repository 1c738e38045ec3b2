/**
 * Files that survive a crash whole or not at all: staged beside their place, fsynced, renamed (or linked, where a name
 * may be taken only once), and the folder fsynced, for a rename is durable only with its folder.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';

/** Names of files in the making end so; readers of folders skip them, `sweepStaged` removes them. */
export const STAGED = '.staged';

export function isStaged(name: string): boolean {
  return name.endsWith(STAGED);
}

/** Puts `bytes` at `path` in place of what is there; readers see the old file or the new one. */
export async function writeDurably(path: string, bytes: string | Uint8Array): Promise<void> {
  await writeDurablyIf(path, bytes, async () => true);
}

/** The same where `may` says so, which is asked once the staged file can be seen. False: nothing is written. */
export async function writeDurablyIf(path: string, bytes: string | Uint8Array, may: () => Promise<boolean>): Promise<boolean> {
  const staged = await stage(path, bytes);
  try {
    if (!(await may())) {
      await rm(staged, { force: true });
      return false;
    }
    await rename(staged, path);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** Puts `bytes` at `path` if nothing is there: true for one of any number of writers, false for the others. */
export async function createDurably(path: string, bytes: string | Uint8Array): Promise<boolean> {
  const staged = await stage(path, bytes);
  try {
    return await linkExclusive(staged, path);
  } finally {
    await rm(staged, { force: true });
  }
}

/** Gives the fsynced file `staged` the name `path` if it is free: a link, unlike a rename, never replaces. */
export async function linkExclusive(staged: string, path: string): Promise<boolean> {
  try {
    await link(staged, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** Flushes the file's bytes to the disk and digests them; not its name: see `syncFolder`. */
export async function syncAndDigest(path: string): Promise<FileDigest> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return await digestOf(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

/** Size and SHA-256 of a file, read in pieces of at most 256 KB; aborted, it throws the reason before the next piece. */
export async function digest(path: string, signal?: AbortSignal): Promise<FileDigest> {
  const file = await open(path, 'r');
  try {
    return await digestOf(file, (await file.stat()).size, signal);
  } finally {
    await file.close();
  }
}

/** As `digest` of a file that has this many bytes; one that has others is not read. */
export async function digestIfOfSize(path: string, bytes: number, signal?: AbortSignal): Promise<FileDigest> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return size === bytes ? await digestOf(file, size, signal) : { bytes: size, sha256: '(not read)' };
  } finally {
    await file.close();
  }
}

const PIECE_BYTES = 256 * 1024;

/** `size`: what it has now. */
async function digestOf(file: FileHandle, size: number, signal?: AbortSignal): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  // Not a stream: most files are small, and a stream takes half as long again for them.
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size + 1));
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(piece, 0, piece.length);
    hash.update(piece.subarray(0, bytesRead));
    bytes += bytesRead;
    // All that it had, and room for more, which did not come: to ask for that would be a third of the calls.
    if (bytesRead === 0 || (bytes === size && bytesRead < piece.length)) return { bytes, sha256: hash.digest('hex') };
  }
}

/** Makes a folder and its parents; each name that is new is durable. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; ; folder = dirname(folder)) {
    await syncFolder(dirname(folder));
    if (folder === first || folder === dirname(folder)) return;
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes what crashes left in the making, if it was last written before `beforeMs`: a younger one may have a writer. */
export async function sweepStaged(folder: string, beforeMs: number): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!isStaged(name)) continue;
    const path = join(folder, name);
    const written = await stat(path).catch(() => undefined);
    if (written !== undefined && written.mtimeMs < beforeMs) await rm(path, { force: true });
  }
}

/** The text of a file; undefined where the file does not exist. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The names in a folder, sorted; none when there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** `ENOENT` and the like; undefined for errors that do not come from a system call. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** DuckDB reports a full disk only by its message. */
const FULL_TEXT = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/;

/** True when the disk (or the quota) is full. `archive_full` names it for the operator. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof TributaryError && error.code === 'archive_full') return true;
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT' || (error instanceof Error && FULL_TEXT.test(error.message));
}

async function stage(path: string, bytes: string | Uint8Array): Promise<string> {
  await makeFolder(dirname(path));
  const staged = join(dirname(path), `.${basename(path)}.${randomUUID()}${STAGED}`);
  const file = await open(staged, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await file.close();
    await unlink(staged).catch(() => {});
    throw error;
  }
  await file.close();
  return staged;
}
