/**
 * Parquet has no checksums that readers verify: a flipped byte can come back as wrong rows. So a file is used only if its
 * bytes are those its manifest tells of; else it is set aside and the answer is incomplete, never smaller (law 7).
 */
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { digest, errorCode, makeFolder } from './durable.ts';
import type { StoredFile } from './layout.ts';

/** Throws `archive_corrupt` when the file is missing or differs; a differing one is moved to quarantine/. */
export async function verifyFile(dataDir: string, file: StoredFile): Promise<void> {
  const path = join(dataDir, file.path);
  let found: { bytes: number; sha256: string };
  try {
    const { size } = await stat(path);
    // A wrong size tells it at once; no need to read.
    found = size === file.bytes ? await digest(path) : { bytes: size, sha256: '(not read)' };
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
    throw new TributaryError('archive_corrupt', `${file.path} is missing`, { cause });
  }
  if (found.bytes === file.bytes && found.sha256 === file.sha256) return;
  await quarantine(dataDir, file.path);
  throw new TributaryError(
    'archive_corrupt',
    `${file.path} has ${found.bytes} bytes with SHA-256 ${found.sha256}, its manifest says ${file.bytes} with ${file.sha256}`,
  );
}

/** Verifies all and then throws for the first that failed, so that one run finds every bad file. */
export async function verifyFiles(dataDir: string, files: readonly StoredFile[]): Promise<void> {
  let failed: unknown;
  for (const file of files) {
    try {
      await verifyFile(dataDir, file);
    } catch (error) {
      failed ??= error;
    }
  }
  if (failed !== undefined) throw failed;
}

async function quarantine(dataDir: string, path: string): Promise<void> {
  const folder = join(dataDir, 'quarantine');
  await makeFolder(folder);
  await rename(join(dataDir, path), join(folder, path.replaceAll('/', '__'))).catch((error: unknown) => {
    // Another reader set it aside at the same moment.
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}
