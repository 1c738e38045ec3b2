/** The archive that this log is archived in, or none: asked before anything is written to a folder. */
import { randomUUID } from 'node:crypto';
import type { SharedArchive } from '@tributary/archive/changes/shared-archive';
import { createDurably } from '@tributary/archive/durable';
import type { EventLog } from '@tributary/log/port';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { assertFolderOfLog } from '@tributary/runtime/event-log/folder-history';
import { type ArchiveClaims, archiveIdentity, assertOwnArchive } from '@tributary/runtime/event-log/own-archive';

export interface OwnArchive {
  /**
   * Throws `history_mismatch` where the log belongs to another archive, or did earlier in this process: a mount that fails while the store
   * is emptied must not pass for a new platform. Writes nothing.
   */
  demand(): Promise<void>;
  /**
   * The same; where the log belongs to none yet, or Redis was emptied, the archive gets an identity and the log. A claim of a wrong folder would
   * keep the true one out: `history_mismatch` too where the folder has no segment of a partition that the log has dropped entries of.
   */
  claim(): Promise<void>;
}

/** `newIdentity`: of an archive that has none, used once. `shared`: it lies in an object store, which has the identity too. */
export function createOwnArchive(
  dataDir: string,
  log: Pick<EventLog, 'identity' | 'starts'>,
  claims: ArchiveClaims,
  newIdentity: () => string = randomUUID,
  shared?: SharedArchive,
): OwnArchive {
  /** The archive that this process has worked on. */
  let seen: string | null = null;

  async function assertOwn(known: string | null): Promise<void> {
    await assertOwnArchive(dataDir, seen);
    await assertOwnArchive(dataDir, known);
    seen ??= known;
  }

  return {
    demand: async () => assertOwn(await claims.of(log.identity)),
    async claim() {
      const known = await claims.of(log.identity);
      await assertOwn(known);
      if (known !== null) return;
      assertFolderOfLog(dataDir, await log.starts());
      // The file first: a claim that no folder has would keep every archiver out.
      const own = (await archiveIdentity(dataDir)) ?? (await giveIdentity(dataDir, newIdentity(), shared));
      await assertOwn(await claims.claim(log.identity, own));
    },
  };
}

/** Where several archivers begin a folder together, the first one gives it. */
async function giveIdentity(dataDir: string, identity: string, shared: SharedArchive | undefined): Promise<string> {
  await shared?.giveIdentity(identity);
  const isOurs = await createDurably(dataPath(dataDir, 'archiveIdentity'), `${JSON.stringify({ identity })}\n`);
  return isOurs ? identity : ((await archiveIdentity(dataDir)) ?? identity);
}
