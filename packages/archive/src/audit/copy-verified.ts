/** A file copied to another place, made durable, and digested from what was written: a reader of the source may have been given other bytes. */
import { copyFile, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { digest, type FileDigest, makeFolder } from '../durable.ts';

/** `to` is replaced. Aborted, it throws the reason and leaves nothing. The bytes are on the disk, their name is not: `syncFolder`. */
export async function copyVerified(from: string, to: string, signal?: AbortSignal): Promise<FileDigest> {
  await makeFolder(dirname(to));
  try {
    signal?.throwIfAborted();
    await copyFile(from, to);
    const file = await open(to, 'r+');
    try {
      await file.chmod(0o600);
      await file.sync();
    } finally {
      await file.close();
    }
    return await digest(to, signal);
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}
