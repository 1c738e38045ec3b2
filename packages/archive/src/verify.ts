/**
 * Parquet has no checksums that readers verify: a flipped byte can come back as wrong rows. So a file is used only if its
 * bytes are those that its manifest describes; else the answer is incomplete, never smaller (law 7).
 *
 * One reading may be wrong where the file is right: a network folder shows an old state, a host's memory flips a bit. So a file that differs
 * is read again after 250 ms, and only the batch layer moves it to quarantine: one mistaken reader must not take it from all others.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { digestIfOfSize, errorCode, makeFolder } from './durable.ts';
import type { StoredFile } from './layout.ts';

const CHECK_AGAIN_MS = 250;

/** For readers: throws `archive_corrupt` when the file is missing or differs, twice, and leaves it where it is. */
export async function checkFile(dataDir: string, file: StoredFile): Promise<void> {
  const found = await checkTwice(dataDir, file);
  if (found !== undefined) throw corrupt(file, found);
}

/**
 * For the batch layer: all are verified, those that differ are moved to quarantine/, then it throws for the first that failed. Aborted, it
 * throws the reason at once, also within a file.
 */
export async function verifyFiles(dataDir: string, files: readonly StoredFile[], signal?: AbortSignal): Promise<void> {
  let failed: unknown;
  for (const file of eachOnce(files)) {
    signal?.throwIfAborted();
    try {
      const found = await checkTwice(dataDir, file, signal);
      if (found === undefined) continue;
      if (found !== 'missing') await quarantine(dataDir, file.path);
      throw corrupt(file, found);
    } catch (error) {
      signal?.throwIfAborted();
      failed ??= error;
    }
  }
  if (failed !== undefined) throw failed;
}

/** Views share files, and what is said of one is the same for all of them but for the rows. */
function eachOnce(files: readonly StoredFile[]): Iterable<StoredFile> {
  const nameOf = ({ path, bytes, sha256 }: StoredFile) => [path, bytes, sha256].join(' ');
  return new Map(files.map((file) => [nameOf(file), file])).values();
}

type Found = { readonly bytes: number; readonly sha256: string } | 'missing';

/** What is there instead of the file; undefined when it is as its manifest says. */
async function checkTwice(dataDir: string, file: StoredFile, signal?: AbortSignal): Promise<Found | undefined> {
  if ((await check(dataDir, file, signal)) === undefined) return undefined;
  await sleep(CHECK_AGAIN_MS);
  return check(dataDir, file, signal);
}

async function check(dataDir: string, file: StoredFile, signal?: AbortSignal): Promise<Found | undefined> {
  const path = join(dataDir, file.path);
  try {
    const found = await digestIfOfSize(path, file.bytes, signal);
    return found.bytes === file.bytes && found.sha256 === file.sha256 ? undefined : found;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'missing';
    throw error;
  }
}

function corrupt(file: StoredFile, found: Found): TributaryError {
  if (found === 'missing') return new TributaryError('archive_corrupt', `${file.path} is missing`);
  return new TributaryError(
    'archive_corrupt',
    `${file.path} has ${found.bytes} bytes with SHA-256 ${found.sha256}, its manifest says ${file.bytes} with ${file.sha256}`,
  );
}

async function quarantine(dataDir: string, path: string): Promise<void> {
  const folder = dataPath(dataDir, 'quarantine');
  await makeFolder(folder);
  await rename(join(dataDir, path), join(folder, path.replaceAll('/', '__'))).catch((error: unknown) => {
    // Another worker moved it at the same time.
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}
