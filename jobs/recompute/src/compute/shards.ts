/** How the work is cut: users never leave their partition, so any group of partitions is computed by itself (bounded memory). */

/** Partitions `[from, to)`. */
export interface Shard {
  readonly from: number;
  readonly to: number;
}

/** Consecutive partitions, together at most `maxRows` unless a single one has more. */
export function shardsOf(rowsByPartition: readonly number[], maxRows: number): Shard[] {
  const shards: Shard[] = [];
  let from = 0;
  let rows = 0;
  rowsByPartition.forEach((count, partition) => {
    if (partition > from && rows + count > maxRows) {
      shards.push({ from, to: partition });
      from = partition;
      rows = 0;
    }
    rows += count;
  });
  if (rowsByPartition.length > 0) shards.push({ from, to: rowsByPartition.length });
  return shards;
}
