import type { ConfigTable } from '../config/read-config.ts';
import { readValue, sentence } from '../config/setting.ts';

export const DATA_FOLDER_SETTINGS = {
  dataDir: {
    type: 'string',
    default: '.tributary',
    why: 'archive, generations and keys lie here',
    wrong: (text) =>
      text.startsWith('~')
        ? { must: 'not begin with "~", which the shell did not replace', fix: 'Write the whole path.' }
        : undefined,
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
