/** The machine: Node, the data folder, its keys. */
import { randomUUID } from 'node:crypto';
import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@tributary/archive/durable';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { keyFileOf, readKeys } from '@tributary/runtime/keys/file';
import { bytes } from '../terminal/figures.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const NODE_MAJOR = 24;
/** Below the first the archive may soon stop, below the second it does. */
const FREE_BYTES = { enough: 2e9, least: 2e8 } as const;

export function judgeNode(version: string): Finding {
  const major = Number(version.split('.')[0]);
  return major >= NODE_MAJOR
    ? ok('node', `version ${version}`)
    : fail(
        'node',
        `version ${version}, ${NODE_MAJOR} is needed`,
        `Install Node ${NODE_MAJOR}, or run "npm start", which fetches it on Linux.`,
      );
}

export function judgeFreeSpace(freeBytes: number): Finding {
  const detail = `${bytes(freeBytes)} free`;
  if (freeBytes >= FREE_BYTES.enough) return ok('free space', detail);
  const fix = 'Free space on the disk of the data folder, or move it with --data-dir.';
  return freeBytes >= FREE_BYTES.least ? warn('free space', detail, fix) : fail('free space', detail, fix);
}

/** `hasKey`: one is given by a flag or the environment. */
export async function checkDataDir(dataDir: string, hasKey: boolean): Promise<Finding[]> {
  const probe = join(dataDir, `doctor-${randomUUID()}`);
  try {
    await writeFile(probe, 'probe', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    if (errorCode(error) === 'ENOENT')
      return [
        fail(
          'data folder',
          `${dataDir} does not exist`,
          'Start the platform with "npm start", or name its folder with --data-dir.',
        ),
      ];
    return [fail('data folder', `${dataDir} cannot be written: ${(error as Error).message}`, cannotWriteFix(errorCode(error)))];
  }
  const { bavail, bsize } = await statfs(dataDir);
  return [ok('data folder', dataDir), judgeFreeSpace(bavail * bsize), await checkKeyFile(dataDir, hasKey)];
}

export function cannotWriteFix(code: string | undefined): string {
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return 'Free space on the disk of the data folder: Redis and the archiver stop until there is some, and go on by themselves.';
  if (code === 'EROFS') return 'Mount the disk of the data folder for writing.';
  if (code === 'ENOTDIR') return 'Name a folder with --data-dir.';
  return 'Give this user permission to write there.';
}

async function checkKeyFile(dataDir: string, hasKey: boolean): Promise<Finding> {
  try {
    // The keys that the roles know: the other file has this machine's own.
    readKeys(keyFileOf(dataDir));
  } catch (error) {
    return fail(
      'keys',
      (error as Error).message,
      'Correct it soon: roles that run know the keys that they read last for ten minutes, roles that start know none.',
    );
  }
  const file = dataPath(dataDir, 'localAccess');
  try {
    const { mode } = await stat(file);
    return (mode & 0o077) === 0
      ? ok('keys', `${DATA_PATHS.localAccess}, readable by its owner only`)
      : warn('keys', `${file} can be read by others (mode ${(mode & 0o777).toString(8)})`, `Run: chmod 600 ${file}`);
  } catch {
    if (hasKey) return ok('keys', 'given by a flag or the environment');
    return warn('keys', `${file} does not exist`, 'Start the platform once with "npm start", or give keys with --key.');
  }
}
