/**
 * What a backup says of itself. It is written last, so a folder that lacks it is not a whole backup, whatever else is there; and it says
 * how far the archive reaches, so that a folder which lost manifests since does not pass for whole.
 *
 *   FOLDER/backup.json
 *   FOLDER/archive, generations, keys.json, log.json, …   as in a data folder: `archive verify` and `archive repair --from` take it as one
 */
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { whyNoFolder } from '@tributary/runtime/config/unreadable';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import type { Audit } from '../audit/audit.ts';
import { errorCode, makeFolder } from '../durable.ts';
import { readManifest } from '../manifest-file.ts';

export const BACKUP_NOTE = 'backup.json';

/** Files beside archive and generations, without which a platform is another one. */
const OTHERS = [
  DATA_PATHS.keys,
  DATA_PATHS.eventLogNote,
  DATA_PATHS.demo,
  DATA_PATHS.demoDefinitions,
  DATA_PATHS.archiveIdentity,
  DATA_PATHS.archiveForgotten,
  DATA_PATHS.archiveRetired,
  DATA_PATHS.erasureKey,
] as const;
export const OTHER_FILES: readonly string[] = OTHERS;
/** The file of definitions, where one is configured: roles find it by their setting, not here. */
export const DEFINITIONS_COPY = 'definitions.json';

/** Folders of a data folder that a backup has, in the order in which a restore puts them in place: what names before what is named. */
export const BACKUP_FOLDERS = [
  DATA_PATHS.computations,
  DATA_PATHS.erasures,
  DATA_PATHS.generations,
  dirname(DATA_PATHS.segments),
] as const;

const digested = z.object({ path: z.string(), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const Note = z.object({
  version: z.literal(1),
  /** Epoch ms. */
  at: z.int(),
  /** The log that the archive is of; null: nothing was archived yet. */
  logIdentity: z.string().nullable(),
  publication: z.int().min(0),
  /** The generation that readers got; null: none. */
  generation: z.int().min(1).nullable(),
  partitions: z.array(
    z.object({ partition: z.int().min(0), lastSegment: z.int(), upTo: z.string().nullable(), events: z.int() }),
  ),
  files: z.int().min(0),
  bytes: z.int().min(0),
  /** Files that no manifest describes. */
  others: z.array(digested),
  /** Receipts of erasures; absent: a version took the backup that leaves them out. */
  receipts: z.int().min(0).exactOptional(),
});
export type BackupNote = z.output<typeof Note>;

/** How far an archive reaches, partition by partition. */
export function reachOf({ partitions }: Audit): BackupNote['partitions'] {
  return partitions.map(({ partition, lastSegment, upTo, events }) => ({ partition, lastSegment, upTo, events }));
}

/** Throws `invalid_query` where the folder is not a whole backup. */
export async function readBackupNote(folder: string): Promise<BackupNote> {
  const noFolder = whyNoFolder(folder);
  if (noFolder !== undefined) throw refused(folder, noFolder);
  const path = join(folder, BACKUP_NOTE);
  const note = await readManifest(path, Note).catch((cause: unknown) => {
    throw refused(folder, `${BACKUP_NOTE} cannot be read: ${(cause as Error).message}`, cause);
  });
  if (note === undefined) throw refused(folder, `it has no ${BACKUP_NOTE}, which is written last`);
  return note;
}

export function refused(folder: string, why: string, cause?: unknown): TributaryError {
  return new TributaryError(
    'invalid_query',
    `folder must be a whole backup (got ${JSON.stringify(folder)}: ${why}). Take another one.`,
    { cause },
  );
}

/** The folder that it is to lie in. Throws `conflict` where a part of the path is a file. */
export async function makeParent(path: string, what: string): Promise<void> {
  try {
    await makeFolder(dirname(path));
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
    throw new TributaryError(
      'conflict',
      `${what} must lie in a folder (got ${JSON.stringify(path)}: a part of the path is a file). Name another one.`,
    );
  }
}
