/** Whether a generation is computed by many, and how it is cut then: facts in, a decision out. */
import { shardsOf } from '@tributary/archive/compute/shards';
import type { Shard } from '@tributary/archive/compute/spec';

export interface CutFacts {
  /** Rows to look at, by partition. */
  readonly rowsByPartition: readonly number[];
  /** Shards that could be computed at once, over all hosts. */
  readonly slots: number;
  /** Below, a shard is not worth its start: some hundred ms, and the merge. */
  readonly minRows: number;
  /** Above, a shard does not fit into the memory of its child. */
  readonly maxRows: number;
}

/** Shards for each slot: what a slow or dead worker leaves is small, and the others do not wait long for it. */
const SHARDS_PER_SLOT = 2;

/** At least two shards; none when one session, which starts once and merges nothing, is the faster way. */
export function cutForMany({ rowsByPartition, slots, minRows, maxRows }: CutFacts): Shard[] {
  const rows = rowsByPartition.reduce((sum, count) => sum + count, 0);
  if (slots < 2 || rows < 2 * minRows) return [];
  const even = Math.ceil(rows / (slots * SHARDS_PER_SLOT));
  const shards = shardsOf(rowsByPartition, Math.min(maxRows, Math.max(minRows, even)));
  return shards.length < 2 ? [] : shards;
}
