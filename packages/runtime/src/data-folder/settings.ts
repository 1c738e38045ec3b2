import type { ConfigTable } from '../config/read-config.ts';
import { readValue, sentence } from '../config/setting.ts';

export const DATA_FOLDER_SETTINGS = {
  dataDir: {
    type: 'string',
    default: '.tributary',
    why: 'archive, generations and keys lie here',
    wrong(text) {
      if (text.startsWith('~'))
        return { must: 'not begin with "~", which the shell did not replace', fix: 'Write the whole path.' };
      // A folder of the name "s3:" would be made on this machine.
      if (/^(?:s3:|[a-z][a-z0-9+.-]*:\/\/)/i.test(text))
        return {
          must: 'be a folder, not a place in an object store or a URL: archive and generations lie on a disk',
          fix: 'Name a folder; TRIBUTARY_ARCHIVE of the archivers may name an object store for the archive, and "tributary backup s3://BUCKET/PREFIX" copies a folder there.',
        };
      return undefined;
    },
  },
  redisFolder: {
    type: 'string',
    default: '',
    why: 'where the Redis of this machine keeps its files: its disk is watched; "" is a Redis elsewhere, which watches its own',
  },
  diskReserveMb: {
    type: 'int',
    default: 64,
    min: 1,
    max: 1_000_000,
    unit: 'MB',
    why: 'with less free space there, collectors answer 503; with less than half of it, speed workers wait',
  },
} as const satisfies ConfigTable;

/** What is wrong with the name of a data folder that the command line or `npm start` is given: each role would refuse it. `name`: of the flag or the variable. */
export function folderNameTrouble(name: string, folder: string): string | undefined {
  const { dataDir } = DATA_FOLDER_SETTINGS;
  const read = readValue(dataDir, folder);
  return 'must' in read ? sentence(name, read, dataDir, folder) : undefined;
}
