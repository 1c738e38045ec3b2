/** Training sets in memory, for the world of the API's tests: what was asked, and what a test makes of it. */
import { Readable } from 'node:stream';
import type { StoredSet } from '@tributary/archive/asked/training-sets';
import type { SetDesk } from '../src/ports.ts';

export interface MemorySets extends SetDesk {
  readonly stored: Map<string, StoredSet>;
  readonly queued: Map<string, 'waiting' | 'running'>;
  /** Bytes by path. */
  readonly files: Map<string, Buffer>;
}

export function memorySets(): MemorySets {
  const stored = new Map<string, StoredSet>();
  const queued = new Map<string, 'waiting' | 'running'>();
  const files = new Map<string, Buffer>();
  return {
    stored,
    queued,
    files,
    create: async (asked) => void stored.set(asked.id, { asked, isCancelled: false, result: null }),
    read: async (id) => stored.get(id),
    list: async () => [...stored.values()].reverse(),
    cancel: async (id) => void stored.set(id, { ...(stored.get(id) as StoredSet), isCancelled: true }),
    enqueue: async (id) => void queued.set(id, 'waiting'),
    state: async (id) => queued.get(id) ?? null,
    remove: async (id) => void queued.delete(id),
    progress: async () => 2_000,
    open: async ({ path }) => Readable.from([files.get(path) ?? Buffer.alloc(0)]),
  };
}
