/** A partition as the follower holds it, and as it was read whole. */
import type { FeedCursor, WholePartition } from '@tributary/store/serving-store';
import type { PartitionState } from '@tributary/store/speed-store';
import type { RowsByView } from '@tributary/views/deltas';
import type { HeldRows } from './held-rows.ts';

export interface HeldGeneration {
  readonly views: ReadonlyMap<string, HeldRows>;
  readonly pending: number;
  readonly overflowed: number;
}

/** Never changed, but for the rows: whatever becomes of a partition is a new one. */
export interface HeldPartition {
  readonly cursor: FeedCursor;
  readonly state: PartitionState | null;
  /** Generations ≥ this, and these views. */
  readonly from: number;
  readonly views: ReadonlySet<string>;
  readonly generations: ReadonlyMap<number, HeldGeneration>;
}

/** A partition that was read. */
export interface ReadPartition {
  readonly whole: WholePartition;
  readonly views: readonly string[];
  readonly from: number;
  /** What was held of it; null: nothing. */
  readonly before: HeldPartition | null;
  /** It joins what is held, and does not take its place. */
  readonly joins: boolean;
  /** What differs, by generation: of what joins, a copy of all rows. None where nothing was held. */
  readonly differences: ReadonlyMap<number, RowsByView>;
  /** When it was asked for, by either clock of the follower. */
  readonly askedMs: number;
  readonly asked: number;
}
