/**
 * Whether a place of an archive is apart from data folders. In one folder, what leaves the store because no manifest names it, once users were erased or
 * events retired, would be the files that the data folder has.
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Wrong } from '@tributary/runtime/config/setting';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { errorCode } from '../durable.ts';

/** What is wrong with the place beside this data folder; undefined: nothing is. */
export function apartTrouble(place: string, dataDir: string): Wrong | undefined {
  if (!isAbsolute(place)) return undefined;
  if (isWithin(realPath(place), realPath(resolve(dataDir))))
    return {
      must: `lie outside of the data folder, ${dataDir}`,
      fix: 'Name another folder, on a disk that is not lost with this one, or an object store.',
    };
  if (!OF_DATA_FOLDERS.some((path) => existsSync(join(place, path)))) return undefined;
  return { must: 'not be a data folder, as this one is', fix: 'Name an empty folder, or an object store.' };
}

/** What a store never has. A backup in a folder is a data folder. */
const OF_DATA_FOLDERS = [DATA_PATHS.segments, DATA_PATHS.archiveIdentity, DATA_PATHS.generations];

function isWithin(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner !== '..' && !inner.startsWith('../') && !isAbsolute(inner);
}

/** Behind links, also of what is not there yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) return path;
    return join(realPath(dirname(path)), basename(path));
  }
}
