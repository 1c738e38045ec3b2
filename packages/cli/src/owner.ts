/** What a command writes into a data folder belongs to its user, and readable by them alone: roles of another user could not read it. */
import { stat } from 'node:fs/promises';
import { UsageError } from './exit.ts';

/** Nothing where the folder is not there. `uid`: of this process; undefined: the system has none. */
export async function demandOwner(dataDir: string, uid = process.getuid?.()): Promise<void> {
  const owner = (await stat(dataDir).catch(() => undefined))?.uid;
  if (owner === undefined || uid === undefined || owner === uid) return;
  throw new UsageError(
    `this must be run as the user of the data folder, ${owner} (got user ${uid}, ${JSON.stringify(dataDir)}): its roles could not read what another user writes. Run it as that user.`,
  );
}
