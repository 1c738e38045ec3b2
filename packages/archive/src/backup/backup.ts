/**
 * A backup of a data folder while the platform runs. Its note is written last: a folder without `backup.json` is not a whole backup.
 */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { errorCode, namesIn, syncFolder, writeDurably } from '../durable.ts';
import { toJson } from '../manifest-file.ts';
import { type CopyPorts, copyPlatform } from './copy-platform.ts';
import { BACKUP_NOTE, type BackupNote, makeParent, reachOf } from './note.ts';

/** How often all begins again because the published generation was retired meanwhile. */
const ATTEMPTS = 3;

/**
 * `target` is created. Throws `conflict` where it is there, `archive_corrupt` where a file is not what its manifest says. Then, and aborted, nothing of it is
 * left; killed, it leaves a folder without `backup.json`.
 */
export async function backUp(ports: CopyPorts): Promise<BackupNote> {
  const { target } = ports;
  await makeParent(target, 'FOLDER');
  try {
    await mkdir(target, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new TributaryError('conflict', `FOLDER must not be there yet (got ${JSON.stringify(target)}). Name a new one.`);
  }
  try {
    for (let attempt = 1; ; attempt++) {
      const copied = await copyPlatform(ports);
      if (copied !== null) return await writeNote(copied, ports);
      if (attempt === ATTEMPTS)
        throw new TributaryError(
          'conflict',
          `each time, the published generation was retired before it was copied: raise TRIBUTARY_BATCH_KEEP_GENERATIONS, or stop recompute for the time of the backup`,
        );
      for (const name of await namesIn(target)) await rm(join(target, name), { recursive: true });
    }
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }
}

async function writeNote(
  copied: NonNullable<Awaited<ReturnType<typeof copyPlatform>>>,
  { target, nowMs }: CopyPorts,
): Promise<BackupNote> {
  const { audit, publication, others, receipts } = copied;
  const summaries = [...audit.partitions, ...audit.generations];
  const note: BackupNote = {
    version: 1,
    at: nowMs,
    logIdentity: audit.logIdentity,
    publication: publication?.sequence ?? 0,
    generation: publication?.generation ?? null,
    partitions: reachOf(audit),
    files: summaries.reduce((sum, { files }) => sum + files, 0),
    bytes: summaries.reduce((sum, { bytes }) => sum + bytes, 0),
    others,
    receipts,
  };
  await writeDurably(join(target, BACKUP_NOTE), toJson(note));
  await syncFolder(dirname(target));
  return note;
}
