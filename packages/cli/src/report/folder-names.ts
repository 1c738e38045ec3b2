/** Rows that have the name of a folder above the data folder: found, and said. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FolderNamed } from '@tributary/archive/audit/folder-names';
import { count, counted } from '../terminal/figures.ts';

export const SENT =
  'A version before 27 November 2026 archived that below a folder that is called like a column of events, as type=prod. What was sent is in the log, or in an archive that was written elsewhere: docs/cli.md says how to bring it back ("Rows with names of folders").';
export const MAY_BE_SENT = `It may have been sent so. Else: ${SENT[0]?.toLowerCase()}${SENT.slice(1)}`;

/** Reads columns of all archived events. Aborted, it throws the reason. */
export async function findFolderNames(
  dataDir: string,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<readonly FolderNamed[]> {
  const [{ namedByFolders }, { openDuckDb }] = await Promise.all([
    import('@tributary/archive/audit/folder-names'),
    import('@tributary/archive/duckdb'),
  ]);
  const tempDir = await mkdtemp(join(tmpdir(), 'tributary-verify-'));
  const session = await openDuckDb({ memoryLimit: '256MiB', threads: 1, tempDir });
  try {
    return await namedByFolders(session, { dataDir, partitions, signal });
  } finally {
    await session.close();
    await rm(tempDir, { recursive: true, force: true });
  }
}

export function folderNameText({ path, column, rows, folder }: FolderNamed): string {
  if (folder !== null) return `${path} has in all its rows (${count(rows)}) what a folder above says: ${folder}`;
  return column === 'user_key'
    ? `${path} has ${counted(rows, 'row')} of which the user is neither their user id nor their anonymous id`
    : `${path} has rows (${count(rows)} in all) of other days than its own`;
}
