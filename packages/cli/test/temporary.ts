/** Folders for tests, in the folder that goes with the run (test/temporary-folder.ts). */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `tributary-${name}-`));
}
