/** An object store in memory. */
import { buffer } from 'node:stream/consumers';
import type { ArchiveStore } from '@tributary/archive/objects/port';

export interface MemoryObjects extends ArchiveStore {
  readonly objects: Map<string, Buffer>;
}

export function memoryObjects(): MemoryObjects {
  const objects = new Map<string, Buffer>();
  return {
    place: 's3://memory/here',
    largestObject: 1_000_000,
    objects,
    async create(name, content) {
      const bytes = await buffer(content.read());
      if (objects.has(name)) return false;
      objects.set(name, bytes);
      return true;
    },
    async read(name) {
      const bytes = objects.get(name);
      return bytes === undefined ? null : pieces(bytes);
    },
    async list(prefix, after) {
      // Two at a time: who lists has to go on.
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
      return names.slice(0, 2).map((name) => ({ name, writtenMs: Date.now() }));
    },
    async remove(name) {
      objects.delete(name);
    },
    [Symbol.dispose]: () => {},
  };
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}
