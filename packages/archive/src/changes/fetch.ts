/** Objects of the store read whole, and archived files brought into a data folder, where they are what their manifest says. */
import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { makeFolder, STAGED, syncFolder } from '../durable.ts';
import type { StoredFile } from '../layout.ts';
import { inAttempts } from '../objects/attempts.ts';
import type { ArchiveStore } from '../objects/port.ts';
import { partitionName } from '../segments.ts';
import { objectOf } from './change.ts';

export interface Fetching {
  readonly dataDir: string;
  readonly store: ArchiveStore;
  /** Between attempts. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** null: it is not there. Throws `manifest_corrupt` behind `most` bytes: a store may send any number. */
export function textOf(name: string, most: number, { store, sleep, signal }: Omit<Fetching, 'dataDir'>): Promise<string | null> {
  return inAttempts(
    async () => {
      const pieces = await store.read(name, signal);
      if (pieces === null) return null;
      const read: Uint8Array[] = [];
      let bytes = 0;
      for await (const piece of pieces) {
        bytes += piece.length;
        if (bytes > most)
          throw new TributaryError('manifest_corrupt', `${name} in ${store.place} must have at most ${most} bytes (got more)`);
        read.push(piece);
      }
      return Buffer.concat(read).toString();
    },
    sleep,
    signal,
  );
}

/** Nothing is done where the folder has it. Throws `archive_corrupt` where the store lacks it, or has other bytes. */
export async function fetchFile(file: StoredFile, partition: number, fetching: Fetching): Promise<void> {
  const target = join(fetching.dataDir, file.path);
  // A name is given to whole files alone, here and by who writes them.
  if ((await stat(target).catch(() => undefined))?.size === file.bytes) return;
  // There archivers remove what a killed process left in the making.
  const folder = dataPath(fetching.dataDir, 'segments', partitionName(partition));
  await makeFolder(folder);
  const staged = join(folder, `.${randomUUID()}${STAGED}`);
  try {
    await inAttempts(() => download(file, staged, fetching), fetching.sleep, fetching.signal);
    await makeFolder(dirname(target));
    await rename(staged, target);
    await syncFolder(dirname(target));
  } finally {
    await rm(staged, { force: true });
  }
}

async function download(file: StoredFile, to: string, { store, signal }: Fetching): Promise<void> {
  const name = objectOf(file);
  const pieces = await store.read(name, signal);
  if (pieces === null) throw new TributaryError('archive_corrupt', `${store.place} lacks ${name}, which its changes name`);
  const hash = createHash('sha256');
  let bytes = 0;
  const out = await open(to, 'w', 0o600);
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      if (bytes > file.bytes) break;
      hash.update(piece);
      await out.writeFile(piece);
    }
    await out.sync();
  } finally {
    await out.close();
  }
  const sha256 = hash.digest('hex');
  if (bytes === file.bytes && sha256 === file.sha256) return;
  const got = `${bytes} with ${sha256}`;
  throw new TributaryError(
    'archive_corrupt',
    `${name} in ${store.place} must have ${file.bytes} bytes with the SHA-256 ${file.sha256} (got ${got})`,
  );
}
