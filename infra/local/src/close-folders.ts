/**
 * What older versions made is for its owner only as well; what roles and Redis make is so from the start (umask). A folder of
 * another owner (a mount) stays as it is: whether it may be written to is asked before anything starts.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FOLDERS } from '@tributary/runtime/data-folder/paths';

/** `chmod`: as of `node:fs`. */
export function closeFolders(dataDir: string, chmod: (path: string, mode: number) => void = chmodSync): void {
  for (const name of DATA_FOLDERS) {
    try {
      chmod(join(dataDir, name), 0o700);
    } catch (error) {
      if (!NOT_OURS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

const NOT_OURS: ReadonlySet<string> = new Set(['ENOENT', 'EPERM', 'EROFS']);
