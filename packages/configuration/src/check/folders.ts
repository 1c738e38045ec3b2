/** The data folder before anything writes to it: there, ours to write in, and with keys and a note that can be read. */
import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { quoted } from '@tributary/runtime/config/setting';
import { FOLDERS_OF_ROLES } from '@tributary/runtime/data-folder/paths';
import { notedPartitions } from '@tributary/runtime/event-log/note';
import { assertArchiveThere } from '@tributary/runtime/event-log/own-archive';
import { keyFileOf, readKeys } from '@tributary/runtime/keys/file';

const RIGHTS = 'this user may not write there';
const READ_ONLY = 'it is mounted read-only';
const NO_FOLDER = 'it is not a folder';
const BELOW_A_FILE = 'a part of the path is a file';

const FIRST_FIX: Readonly<Record<string, string>> = {
  [RIGHTS]: 'Give this user permission to write there, or name another folder',
  [READ_ONLY]: 'Mount it for writing, or name another folder',
};

const REASONS: Readonly<Record<string, string>> = {
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EROFS: READ_ONLY,
  ENOTDIR: BELOW_A_FILE,
  ENOENT: 'it is a link that leads nowhere',
  ELOOP: 'it is a link that leads to itself',
};

/** A folder that is not there yet is made at the start, where its parent takes it. `folders`: those in it that are written to. */
export function folderTroubles(
  { name, path }: { readonly name: string; readonly path: string },
  partitions: number,
  folders: readonly string[] = FOLDERS_OF_ROLES,
): string[] {
  const folder = resolve(path);
  const nearest = nearestThere(folder);
  const trouble = writeTrouble(nearest);
  if (trouble !== undefined) return [refusal(name, path, nearest !== folder && trouble === NO_FOLDER ? BELOW_A_FILE : trouble)];
  const closed = folders
    .map((inner) => resolve(folder, inner))
    .flatMap((inner) => {
      const why = isThere(inner) ? writeTrouble(inner) : undefined;
      return why === undefined ? [] : [refusal(name, inner, why)];
    });
  return [
    ...closed.slice(0, 1),
    ...thrownBy(() => assertArchiveThere(folder, name)),
    ...thrownBy(() => readKeys(keyFileOf(folder))),
    ...thrownBy(() => assertPartitions(folder, partitions)),
  ];
}

function refusal(name: string, folder: string, why: string): string {
  const fix = FIRST_FIX[why] ?? 'Name another folder';
  return `${name} must be a folder to write in (got ${quoted(folder)}: ${why}). ${fix}.`;
}

function nearestThere(folder: string): string {
  return isThere(folder) || dirname(folder) === folder ? folder : nearestThere(dirname(folder));
}

/** Also a link that leads nowhere: no folder can be made in its place. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function writeTrouble(folder: string): string | undefined {
  try {
    if (!statSync(folder).isDirectory()) return NO_FOLDER;
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return REASONS[code] ?? message;
  }
}

function assertPartitions(folder: string, partitions: number): void {
  const noted = notedPartitions(folder) ?? partitions;
  if (noted === partitions) return;
  throw new Error(
    `TRIBUTARY_PARTITIONS must be ${noted}, as the log of this data folder was created with (got ${partitions}). Write ${noted}, or name a new data folder.`,
  );
}

/** As `thrownBy`. */
export async function rejectionOf(look: () => Promise<unknown>): Promise<string[]> {
  try {
    await look();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** The message of what it throws; empty where it does not. */
export function thrownBy(look: () => unknown): string[] {
  try {
    look();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
