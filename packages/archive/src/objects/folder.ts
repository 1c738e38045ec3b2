/** A folder as an object store, which machines may share: what a store does by `If-None-Match: *`, a link does here. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorCode, isStaged, linkExclusive, makeFolder, STAGED, syncAndDigest, syncFolder } from '../durable.ts';
import type { ArchiveStore, Content, ListedObject } from './port.ts';

/** As stores of S3 list at a time. */
const PAGE = 1_000;

export function folderStore(folder: string): ArchiveStore {
  const root = resolve(folder);
  const pathOf = (name: string) => join(root, name);

  async function create(name: string, content: Content, signal?: AbortSignal): Promise<boolean> {
    const path = pathOf(name);
    await makeFolder(dirname(path));
    const staged = join(dirname(path), `.${randomUUID()}${STAGED}`);
    try {
      await pipeline(content.read(), createWriteStream(staged, { flags: 'wx', mode: 0o600 }), { ...(signal && { signal }) });
      const { bytes, sha256 } = await syncAndDigest(staged);
      if (bytes !== content.bytes || sha256 !== content.sha256)
        throw new Error(
          `${name} was to have ${content.bytes} bytes with the SHA-256 ${content.sha256} (got ${bytes} with ${sha256})`,
        );
      return await linkExclusive(staged, path);
    } finally {
      await rm(staged, { force: true });
    }
  }

  async function list(prefix: string, after: string): Promise<ListedObject[]> {
    // Not the whole folder: names before the last slash are folders.
    const within = pathOf(prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const entries = await readdir(within, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    });
    const names = entries
      .filter((entry) => entry.isFile() && !isStaged(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
      .filter((name) => name.startsWith(prefix) && name > after);
    const listed: ListedObject[] = [];
    for (const name of names.sort().slice(0, PAGE)) {
      const found = await stat(pathOf(name)).catch(() => undefined);
      listed.push({ name, writtenMs: found?.mtimeMs ?? 0 });
    }
    return listed;
  }

  return {
    place: root,
    largestObject: Number.MAX_SAFE_INTEGER,
    create,
    list,
    async read(name) {
      try {
        const file = await open(pathOf(name));
        if ((await file.stat()).isFile()) return file.createReadStream();
        await file.close();
        return null;
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
        throw error;
      }
    },
    async remove(name) {
      try {
        await rm(pathOf(name));
        await syncFolder(dirname(pathOf(name)));
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
    },
    [Symbol.dispose]: () => {},
  };
}
