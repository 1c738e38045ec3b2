/** The data folder of a platform that ran before. */
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';

/** The log is noted there, or was archived. */
export function isUsed(dataDir: string): boolean {
  return existsSync(dataPath(dataDir, 'eventLogNote')) || existsSync(dataPath(dataDir, 'segments'));
}

/**
 * What older versions made is for its owner only as well; what roles and Redis make is so from the start (umask). A folder that no platform
 * used may have `logs` and `archive` of others in it: those stay open to them.
 */
export function closeFolders(dataDir: string): void {
  if (!isUsed(dataDir)) return;
  for (const name of ['archive', 'generations', 'logs', 'quarantine', 'redis', 'staging']) {
    const folder = join(dataDir, name);
    if (existsSync(folder)) chmodSync(folder, 0o700);
  }
}
