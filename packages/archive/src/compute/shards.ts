/** How the work is cut: users never leave their partition, so any group of partitions is computed by itself (bounded memory). */
import type { ComputeSpec, Shard } from './spec.ts';

/** `rowsOf`: by partition. Consecutive partitions, together at most `maxRows` unless a single one has more. */
export function shardsOf(rowsOf: readonly number[], maxRows: number): Shard[] {
  const shards: Shard[] = [];
  let from = 0;
  let rows = 0;
  rowsOf.forEach((count, partition) => {
    if (partition > from && rows + count > maxRows) {
      shards.push({ from, to: partition });
      from = partition;
      rows = 0;
    }
    rows += count;
  });
  if (rowsOf.length > 0) shards.push({ from, to: rowsOf.length });
  return shards;
}

/** The part of the base that a shard holds, that near its arrivals: at most the members of their users, or so. */
const BASE_SHARE = 0.2;

/** What each partition brings into a shard: its arrivals, what is read again, and its share of the base. */
export function rowsByPartition(spec: Pick<ComputeSpec, 'arrivals' | 'base' | 'reuseRows' | 'reread'>): number[] {
  const share =
    ((spec.base?.events ?? []).reduce((sum, { rows }) => sum + rows, 0) * (spec.reuseRows ? BASE_SHARE : 1)) /
    Math.max(1, spec.arrivals.length);
  return spec.arrivals.map((files, partition) =>
    [...files, ...(spec.reread?.files[partition] ?? [])].reduce((sum, file) => sum + file.rows, share),
  );
}
