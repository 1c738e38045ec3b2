/** The archive that this log is archived in, or none: asked before anything is written to a folder. */
import { randomUUID } from 'node:crypto';
import { createDurably } from '@tributary/archive/durable';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { type ArchiveClaims, archiveIdentity, assertOwnArchive } from '@tributary/runtime/event-log/own-archive';

export interface OwnArchive {
  /** Throws `history_mismatch` where the log belongs to another archive. Writes nothing. */
  demand(): Promise<void>;
  /**
   * The same; where the log belongs to none yet, or Redis was emptied, the archive gets an identity and the log. Only for a folder that what is
   * read from the log continues: a claim of another one would keep the true folder out.
   */
  claim(): Promise<void>;
}

export function createOwnArchive(dataDir: string, logIdentity: string, claims: ArchiveClaims): OwnArchive {
  return {
    demand: async () => assertOwnArchive(dataDir, await claims.of(logIdentity)),
    async claim() {
      const known = await claims.of(logIdentity);
      await assertOwnArchive(dataDir, known);
      if (known !== null) return;
      // The file first: a claim that no folder has would keep every archiver out.
      const own = (await archiveIdentity(dataDir)) ?? (await giveIdentity(dataDir));
      await assertOwnArchive(dataDir, await claims.claim(logIdentity, own));
    },
  };
}

async function giveIdentity(dataDir: string): Promise<string> {
  const identity = randomUUID();
  const isOurs = await createDurably(dataPath(dataDir, 'archiveIdentity'), `${JSON.stringify({ identity })}\n`);
  return isOurs ? identity : ((await archiveIdentity(dataDir)) ?? identity);
}
