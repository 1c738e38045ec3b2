/** The deltas of a partition as of one moment: summed, by generation, or what was committed since a cursor. */
import { addRow, addRowsByView, type Rows, type RowsByView } from '@tributary/views/deltas';
import type { Redis } from 'ioredis';
import { type CommittedDeltas, isChain, parseFeedEntry } from '../format/feed.ts';
import { partitionPrefix } from '../format/keys.ts';
import { stateFrom } from '../format/state.ts';
import { unpackMeasures } from '../format/words.ts';
import type { FeedCursor, Followed, GenerationDeltas, PartitionDeltas, WholePartition } from '../serving-store.ts';
import { createPartitionReads, type FeedRead, type PartitionHashes } from './partition-reads.ts';

export interface DeltaReads {
  sum(partition: number, views: readonly string[], from: number, before?: number): Promise<PartitionDeltas>;
  whole(partition: number, views: readonly string[], from: number): Promise<WholePartition>;
  follow(partition: number, views: ReadonlySet<string>, cursor: FeedCursor | null): Promise<Followed>;
}

/** `bulk`: the connection for whole deltas, so that short answers do not wait behind long ones. */
export function createDeltaReads(redis: Redis, namespace: string, bulk: Redis): DeltaReads {
  const reads = createPartitionReads(redis);
  const bulkReads = createPartitionReads(bulk);
  const prefixOf = (partition: number) => partitionPrefix(namespace, partition);
  return {
    async sum(partition, views, from, before) {
      return sumOf(partition, views, await bulkReads.hashes(prefixOf(partition), views, from, before));
    },
    async whole(partition, views, from) {
      const hashes = await bulkReads.hashes(prefixOf(partition), views, from);
      const { fields } = hashes;
      const cursor = { commitId: fields['commit'] ?? '', commits: Number(fields['commits'] ?? 0) };
      return { partition, cursor, state: stateFrom(fields), generations: new Map(generationsOf(hashes, views)) };
    },
    async follow(partition, views, cursor) {
      const from = cursor ?? { commitId: '', commits: Number.MAX_SAFE_INTEGER };
      return followed(partition, views, from, await reads.feedSince(prefixOf(partition), from));
    },
  };
}

function generationsOf({ generations }: PartitionHashes, views: readonly string[]): [generation: number, GenerationDeltas][] {
  return generations.map(({ generation, pending, overflowed, views: hashes }) => {
    const rows: RowsByView = new Map(views.map((view, i) => [view, rowsFrom(hashes[i] ?? [])]));
    return [generation, { rows, pending, overflowed }];
  });
}

function sumOf(partition: number, views: readonly string[], hashes: PartitionHashes): PartitionDeltas {
  const rows: RowsByView = new Map(views.map((view) => [view, new Map()]));
  const sum = { partition, state: stateFrom(hashes.fields), rows, pending: 0, overflowed: 0 };
  for (const [, deltas] of generationsOf(hashes, views)) {
    addRowsByView(rows, deltas.rows);
    sum.pending += deltas.pending;
    sum.overflowed += deltas.overflowed;
  }
  return sum;
}

/** What a read of the feed says about a cursor: the commits since, if they are a chain from it to the newest one. */
export function followed(partition: number, views: ReadonlySet<string>, from: FeedCursor, read: FeedRead): Followed {
  const { oldest, lastCommit, same, entries } = read;
  if (same) return { partition, oldest, commits: [] };
  const commits: CommittedDeltas[] = [];
  for (const entry of entries) {
    const commit = parseFeedEntry(entry, views);
    if (commit !== null) commits.push(commit);
  }
  return { partition, oldest, commits: commits.length > 0 && isChain(commits, from.commitId, lastCommit) ? commits : 'gap' };
}

/** The hash of one view: field = row key, value = measures as commit.lua packs them. */
function rowsFrom(hash: readonly Buffer[]): Rows {
  const rows: Rows = new Map();
  for (let i = 0; i + 1 < hash.length; i += 2) addRow(rows, String(hash[i]), unpackMeasures(hash[i + 1] as Buffer));
  return rows;
}
