/**
 * Who is erased though no record says so, as a partition is loaded: what archived files lack (packages/archive/src/forgotten.ts). Files may be written again
 * while a partition is read from them, and then lack the record of an erasure that the list of before does not have. The list is written
 * before any file is. So where it is another one once entries were read from files, these are not given, and the partition is loaded again.
 */
import type { ErasedBehind } from '@tributary/archive/forgotten';
import type { ArchivedEntries } from '../read/archived-entries.ts';

export interface ErasedSource {
  /** Digests, for a partition that begins from nothing. */
  before(partition: number): Promise<readonly string[]>;
  /** Whom a state at this position may not know, as its store was put back; null: it knows all. */
  behind(partition: number, position: string): Promise<ErasedBehind | null>;
  /** Another one whenever the list is. */
  version(): Promise<string>;
}

export interface ErasedLists extends Omit<ErasedSource, 'version'> {
  /** The archive, without what was read once the list was another one than when its partition was loaded. */
  guard(archive: ArchivedEntries): ArchivedEntries;
  /** Whether the partition is to be loaded again: said once. */
  mustReload(partition: number): boolean;
}

export function createErasedLists(source: ErasedSource): ErasedLists {
  const loaded = new Map<number, string>();
  const stale = new Set<number>();

  async function load(partition: number): Promise<void> {
    loaded.set(partition, await source.version());
    stale.delete(partition);
  }

  return {
    async before(partition) {
      await load(partition);
      return source.before(partition);
    },
    async behind(partition, position) {
      await load(partition);
      return source.behind(partition, position);
    },
    guard: (archive) => ({
      ...archive,
      async after(partition, position, joining) {
        const entries = await archive.after(partition, position, joining);
        if ((await source.version()) === loaded.get(partition)) return entries;
        stale.add(partition);
        return [];
      },
    }),
    mustReload: (partition) => stale.delete(partition),
  };
}
