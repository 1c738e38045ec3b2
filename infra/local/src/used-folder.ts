/** Whether a platform has been on a data folder: its log is noted there, or was archived. */
import { existsSync } from 'node:fs';
import { dataPath } from '@tributary/runtime/data-folder/paths';

export function isUsed(dataDir: string): boolean {
  return existsSync(dataPath(dataDir, 'eventLogNote')) || existsSync(dataPath(dataDir, 'segments'));
}
