/** The deltas of a partition as of one moment: summed, by generation, or what was committed since a cursor. */
import { addRow, type RowsByView, rowsOf } from '@tributary/views/deltas';
import type { Redis } from 'ioredis';
import { isChain, parseFeedEntries } from '../format/feed.ts';
import { partitionPrefix } from '../format/keys.ts';
import { stateFrom } from '../format/state.ts';
import type { FeedCursor, Followed, PartitionDeltas, Pause, WholePartition } from '../serving-store.ts';
import { cursorOf, type ReadDeltas, readDeltas } from './paged-read.ts';
import { createPartitionReads } from './partition-reads.ts';
import type { FeedRead } from './partition-reads-port.ts';
import type { ReadBounds } from './read-bounds.ts';

export interface DeltaReads {
  sum(
    partition: number,
    views: readonly string[],
    from: number,
    before: number | undefined,
    pause: Pause,
  ): Promise<PartitionDeltas>;
  whole(partition: number, views: readonly string[], from: number, pause: Pause): Promise<WholePartition>;
  /** Index of `cursors` = partition. The feeds are read together, and what they say one after the other, with `pause` between pieces. */
  follow(views: ReadonlySet<string>, cursors: readonly (FeedCursor | null)[], pause: Pause): Promise<Followed[]>;
}

/** `bulk`: the connection for whole deltas, so that short answers do not wait behind long ones. */
export function createDeltaReads(redis: Redis, namespace: string, bulk: Redis, bounds?: ReadBounds): DeltaReads {
  const reads = createPartitionReads(redis);
  const bulkReads = createPartitionReads(bulk);
  const prefixOf = (partition: number) => partitionPrefix(namespace, partition);
  return {
    async sum(partition, views, from, before, pause) {
      return sumOf(
        partition,
        views,
        await readDeltas(bulkReads, prefixOf(partition), { views, from, before }, pause, bounds),
        pause,
      );
    },
    async whole(partition, views, from, pause) {
      const read = await readDeltas(bulkReads, prefixOf(partition), { views, from, before: undefined }, pause, bounds);
      const { fields, generations } = read;
      return { partition, cursor: cursorOf(fields), state: stateFrom(fields), generations };
    },
    async follow(views, cursors, pause) {
      const from = cursors.map((cursor) => cursor ?? { commitId: '', commits: Number.MAX_SAFE_INTEGER });
      return followed(
        views,
        from,
        await Promise.all(from.map((one, partition) => reads.feedSince(prefixOf(partition), one))),
        pause,
      );
    },
  };
}

/** Rows that are added at a turn. */
const ROWS_PER_TURN = 8_192;

/** The rows that were read become the sum. */
export async function sumOf(
  partition: number,
  views: readonly string[],
  { fields, generations }: ReadDeltas,
  pause: Pause,
): Promise<PartitionDeltas> {
  const rows: RowsByView = new Map(views.map((view) => [view, new Map()]));
  let added = 0;
  const sum = { partition, state: stateFrom(fields), rows, pending: 0, overflowed: 0 };
  for (const deltas of generations.values()) {
    for (const [view, own] of deltas.rows) {
      const into = rowsOf(rows, view);
      if (into.size === 0) rows.set(view, own);
      else
        for (const [key, measures] of own) {
          addRow(into, key, measures);
          if (++added % ROWS_PER_TURN === 0) await pause();
        }
    }
    sum.pending += deltas.pending;
    sum.overflowed += deltas.overflowed;
  }
  return sum;
}

/** What reads of the feeds say about cursors, by partition: the commits since, if they are a chain from it to the newest one. */
export async function followed(
  views: ReadonlySet<string>,
  cursors: readonly FeedCursor[],
  reads: readonly FeedRead[],
  pause: Pause,
): Promise<Followed[]> {
  const all: Followed[] = [];
  const passed = { characters: 0 };
  for (const [partition, { oldest, lastCommit, same, entries }] of reads.entries()) {
    const commits = same ? [] : await parseFeedEntries(entries, views, pause, { passed });
    const isFollowed = same || (entries.length > 0 && isChain(commits ?? [], cursors[partition]?.commitId ?? '', lastCommit));
    all.push({ partition, oldest, commits: isFollowed && commits !== null ? commits : 'gap' });
  }
  return all;
}
