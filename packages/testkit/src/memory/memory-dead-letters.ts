/** Dead letters of the store in memory. */
import {
  type DeadLetterId,
  type DeadLetters,
  isBeyond,
  lettersOfEach,
  mergedPage,
  type StoredDeadLetter,
  textOfId,
} from '@tributary/store/dead-letters';
import type { DeadLetter, PartitionState } from '@tributary/store/speed-store';

/** Those of a partition. */
export interface LettersInMemory {
  readonly state: PartitionState | null;
  readonly dead: StoredDeadLetter[];
  /** When the newest was parked: each has an instant of its own. */
  parkedAt: number;
  lettersWithout: number;
}

export function park(stored: LettersInMemory, partition: number, letters: readonly DeadLetter[], nowMs: number): void {
  for (const letter of letters) {
    const parkedAt = Math.max(stored.parkedAt + 1, nowMs);
    stored.parkedAt = parkedAt;
    stored.dead.push({ ...letter, id: textOfId({ partition, parkedAt, sequence: 0 }), partition, parkedAt });
  }
}

export function deadLettersOf(partitions: readonly LettersInMemory[]): DeadLetters {
  const idOf = ({ partition, parkedAt }: StoredDeadLetter): DeadLetterId => ({ partition, parkedAt, sequence: 0 });
  const indexOf = ({ partition, parkedAt }: DeadLetterId) =>
    (partitions[partition]?.dead ?? []).findIndex((letter) => letter.parkedAt === parkedAt);
  const take = (id: DeadLetterId) => {
    const at = indexOf(id);
    return at < 0 ? null : (partitions[id.partition]?.dead.splice(at, 1)[0] as StoredDeadLetter);
  };
  return {
    async page(limit, after) {
      const each = lettersOfEach(limit, partitions.length);
      const parts = partitions.map(({ dead }) => {
        const left = dead.toReversed().filter((letter) => after === undefined || isBeyond(idOf(letter), after));
        return { letters: left.slice(0, each), hasMore: left.length > each };
      });
      return mergedPage(parts, limit);
    },
    find: async (id) => partitions[id.partition]?.dead[indexOf(id)] ?? null,
    remove: async (id) => take(id) !== null,
    async forget(generation, isToGo) {
      const read = partitions.filter(({ state }) => (state?.generation ?? 0) >= generation);
      const gone = read.flatMap(({ dead }) => dead).filter(isToGo);
      for (const letter of gone) take(idOf(letter));
      for (const stored of read) stored.lettersWithout = generation;
      return gone.length;
    },
    async replace(id, reason) {
      const letter = take(id);
      if (letter === null) return null;
      const stored = partitions[id.partition] as LettersInMemory;
      park(stored, id.partition, [{ ...letter, ...reason }], 0);
      return stored.dead.at(-1) as StoredDeadLetter;
    },
  };
}
