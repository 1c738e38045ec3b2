/** Whether the place of an archive can be read, and is that of the data folder. Whether it can be written is what an archiver asks, which writes there. */
import { readdirSync } from 'node:fs';
import { followedTrouble } from '@tributary/archive/changes/followed';
import { apartTrouble } from '@tributary/archive/objects/apart';
import { openArchivePlace, refusalOf } from '@tributary/archive/objects/place';
import type { ArchiveStore } from '@tributary/archive/objects/port';
import type { Environment } from '@tributary/runtime/config/read-config';
import type { Wrong } from '@tributary/runtime/config/setting';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { rejectionOf } from './folders.ts';

export interface ExaminedPlace {
  /** Nothing must start. */
  readonly troubles: readonly string[];
  /** For an operator to know. */
  readonly notes: readonly string[];
}

/** "": the archive lies in the data folder alone. A store that does not answer now does not keep a platform from starting: archivers wait for it. */
export async function examinePlace(archive: string, dataDir: string, env: Environment, waitMs: number): Promise<ExaminedPlace> {
  const troubles = await rejectionOf(async () => demand(await besideTrouble(archive, dataDir), archive));
  return troubles.length > 0 || archive === '' ? { troubles, notes: [] } : examineStore(archive, dataDir, env, waitMs);
}

async function besideTrouble(archive: string, dataDir: string): Promise<Wrong | undefined> {
  return apartTrouble(archive, dataDir) ?? (await followedTrouble(archive, dataDir));
}

function demand(wrong: Wrong | undefined, got: string): void {
  if (wrong !== undefined) throw new Error(`TRIBUTARY_ARCHIVE must ${wrong.must} (got ${JSON.stringify(got)}). ${wrong.fix}`);
}

async function examineStore(archive: string, dataDir: string, env: Environment, waitMs: number): Promise<ExaminedPlace> {
  // Not `using`: the packed command runs under Node 22 as well.
  let store: ArchiveStore | undefined;
  try {
    store = await openArchivePlace(archive, { env, sleep: async () => {} });
    const isEmpty = (await store.list('changes/', '', AbortSignal.timeout(waitMs))).length === 0;
    if (isEmpty && hasSegments(dataDir))
      return {
        troubles: [
          `TRIBUTARY_ARCHIVE must have the segments that the data folder ${dataDir} has (got ${JSON.stringify(archive)}: it has none). Name the place that has them, or begin with an empty data folder.`,
        ],
        notes: [],
      };
    return { troubles: [], notes: [] };
  } catch (error) {
    const refusal = refusalOf(archive, error);
    if (refusal !== undefined) return { troubles: [`TRIBUTARY_ARCHIVE: ${refusal.message}`], notes: [] };
    const { message } = error as Error;
    return {
      troubles: [],
      notes: [
        `TRIBUTARY_ARCHIVE is ${archive}, which does not answer (${message}): nothing is archived or trimmed until it does.`,
      ],
    };
  } finally {
    store?.[Symbol.dispose]();
  }
}

function hasSegments(dataDir: string): boolean {
  return namesIn(dataPath(dataDir, 'segments')).some((partition) =>
    namesIn(dataPath(dataDir, 'segments', partition)).some((name) => name.endsWith('.json')),
  );
}

/** None where it cannot be read: what is wrong with the data folder is said by the look at it. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
