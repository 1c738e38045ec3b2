import type { ConfigTable } from '../config/read-config.ts';

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
