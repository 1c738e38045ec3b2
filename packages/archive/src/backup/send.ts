/** A backup that lies in a folder, sent to an object store: its files first, then the list that names them. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { TributaryError } from '@tributary/model/errors';
import { sideBySide } from '../compute/side-by-side.ts';
import { digest } from '../durable.ts';
import { toJson } from '../manifest-file.ts';
import { inAttempts } from '../objects/attempts.ts';
import { type Content, contentOfFile, contentOfText, type ObjectStore } from '../objects/port.ts';
import { AT_ONCE, LIST_BYTES, type ListedFile, OBJECT_LIST, objectOf } from './object-list.ts';

export interface TransferPorts {
  readonly folder: string;
  readonly store: ObjectStore;
  /** Between attempts. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly onFile?: (path: string) => void;
}

/** Throws `conflict` where a backup is there already, `objects_unavailable` and `invalid_query` as the store does. */
export async function sendBackup(ports: TransferPorts): Promise<void> {
  const { folder, store, signal, onFile } = ports;
  const files = await filesBelow(ports);
  const list = contentOfText(toJson({ version: 1, files }));
  if (list.bytes > LIST_BYTES)
    throw new TributaryError(
      'invalid_query',
      `a backup in an object store must have a list of at most ${LIST_BYTES} bytes (got ${list.bytes}, of ${files.length} files). Back up to a folder, and copy that.`,
    );
  const tasks = files.map((file) => async () => {
    onFile?.(file.path);
    // Taken: by an attempt before this one, or by a file with the same bytes.
    await store.create(objectOf(file), contentOfFile(join(folder, file.path), file), signal);
  });
  await sideBySide(AT_ONCE, tasks);
  if (!(await store.create(OBJECT_LIST, list, signal)) && !(await isThere(list, ports))) throw taken(store);
}

/** Throws `conflict` where a backup is there: asked before anything is copied, and once more by the last write. */
export async function demandNoBackup({ store, sleep, signal }: Omit<TransferPorts, 'folder'>): Promise<void> {
  const pieces = await inAttempts(() => store.read(OBJECT_LIST, signal), sleep, signal);
  if (pieces === null) return;
  const reading = pieces[Symbol.asyncIterator]();
  await reading.next();
  await reading.return?.();
  throw taken(store);
}

/** Whether the list that is there is this one: the answer to its write may have been lost. */
async function isThere(list: Content, { store, sleep, signal }: TransferPorts): Promise<boolean> {
  const wanted = await buffer(list.read());
  const compare = async () => {
    const found = await store.read(OBJECT_LIST, signal);
    if (found === null) return false;
    let at = 0;
    for await (const piece of found) {
      if (!wanted.subarray(at, at + piece.length).equals(piece)) return false;
      at += piece.length;
    }
    return at === wanted.length;
  };
  return inAttempts(compare, sleep, signal);
}

async function filesBelow({ folder, store, signal }: TransferPorts): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(folder, join(entry.parentPath, entry.name));
    const { size } = await stat(join(folder, path));
    if (size > store.largestObject)
      throw new TributaryError(
        'invalid_query',
        `a file must have at most ${store.largestObject} bytes to be sent to ${store.place} (got ${size}: ${path}). Back up to a folder, and copy that.`,
      );
    files.push({ path, ...(await digest(join(folder, path), signal)) });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function taken({ place }: ObjectStore): TributaryError {
  return new TributaryError('conflict', `FOLDER must not have a backup yet (got ${JSON.stringify(place)}). Name a new one.`);
}
