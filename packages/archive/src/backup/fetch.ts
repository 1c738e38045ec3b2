/** A backup in an object store, fetched into a folder of this machine: each file held against the list before it is taken for what it says. */
import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sideBySide } from '../compute/side-by-side.ts';
import type { FileDigest } from '../durable.ts';
import { inAttempts } from '../objects/attempts.ts';
import type { PartOfCopy } from '../repair/repair.ts';
import { hasRows } from '../rows-file.ts';
import { refused } from './note.ts';
import { AT_ONCE, LIST_BYTES, type ListedFile, OBJECT_LIST, ObjectList, objectOf } from './object-list.ts';
import type { TransferPorts } from './send.ts';

/** `folder` is there, and empty. Throws `invalid_query` where the backup is not whole, or the store refuses; `objects_unavailable`. */
export async function fetchBackup(ports: TransferPorts): Promise<void> {
  await fetchAll(await listOf(ports), ports);
}

/** As `fetchBackup`, but for the files with rows, nearly all bytes of a backup, which are fetched one by one, when they are asked for. The others name them. */
export async function fetchManifests(ports: TransferPorts): Promise<PartOfCopy> {
  const files = await listOf(ports);
  await fetchAll(
    files.filter(({ path }) => !hasRows(path)),
    ports,
  );
  const others = new Map(files.filter(({ path }) => hasRows(path)).map((file) => [file.path, file]));
  return {
    async fetch(path) {
      const file = others.get(path);
      if (file !== undefined) await fetchAll([file], ports);
    },
    async drop(path) {
      if (others.has(path)) await rm(join(ports.folder, path), { force: true });
    },
  };
}

async function fetchAll(files: readonly ListedFile[], ports: TransferPorts): Promise<void> {
  const tasks = files.map((file) => async () => {
    ports.onFile?.(file.path);
    await inAttempts(() => fetchFile(file, ports), ports.sleep, ports.signal);
  });
  await sideBySide(AT_ONCE, tasks);
}

async function listOf({ store, sleep, signal }: TransferPorts): Promise<readonly ListedFile[]> {
  const text = await inAttempts(
    async () => {
      const pieces = await store.read(OBJECT_LIST, signal);
      if (pieces === null) throw refused(store.place, `it has no ${OBJECT_LIST}, which is written last`);
      const read: Uint8Array[] = [];
      let bytes = 0;
      for await (const piece of pieces) {
        bytes += piece.length;
        if (bytes > LIST_BYTES) throw refused(store.place, `${OBJECT_LIST} has more than ${LIST_BYTES} bytes`);
        read.push(piece);
      }
      return Buffer.concat(read).toString();
    },
    sleep,
    signal,
  );
  try {
    return ObjectList.parse(JSON.parse(text)).files;
  } catch (cause) {
    throw refused(store.place, `${OBJECT_LIST} cannot be read`, cause);
  }
}

async function fetchFile(file: ListedFile, { folder, store, signal }: TransferPorts): Promise<void> {
  const pieces = await store.read(objectOf(file), signal);
  if (pieces === null) throw refused(store.place, `${file.path} is missing, as ${objectOf(file)}`);
  const to = join(folder, file.path);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const { bytes, sha256 } = await written(to, pieces, file.bytes);
  if (bytes !== file.bytes || sha256 !== file.sha256)
    throw refused(store.place, `${file.path} has other bytes than it had, in ${objectOf(file)}`);
}

/** Stops behind `limit` bytes: a store may send any number. */
async function written(path: string, pieces: AsyncIterable<Uint8Array>, limit: number): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  const out = await open(path, 'w', 0o600);
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      if (bytes > limit) break;
      hash.update(piece);
      await out.writeFile(piece);
    }
  } finally {
    await out.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}
