/** What is read of several keys of a partition as of one commit, whichever way they are read. */
import type { FeedCursor } from '../serving-store.ts';

export interface GenerationHashes {
  readonly generation: number;
  readonly pending: number;
  readonly overflowed: number;
  /** Rows of each view, in the order of the views asked for; what is zero is a row as well. */
  readonly lengths: readonly number[];
  /** In the same order: field, value, field, … null: all of them are more than one reply has. */
  readonly views: readonly (readonly Buffer[])[] | null;
}

export interface PartitionHashes {
  readonly fields: Readonly<Record<string, string>>;
  /** What was committed since the cursor; null: the feed does not reach back so far. None where no cursor was given. */
  readonly entries: readonly string[] | null;
  readonly generations: readonly GenerationHashes[];
}

export interface HashesAsked {
  readonly views: readonly string[];
  /** Deltas of the generations of `[from, before)` that the partition went through. */
  readonly from: number;
  readonly before: number | undefined;
  /** Where there are more rows none is given, and what is committed stays in the feed for some seconds. -1: lengths alone are asked for. */
  readonly mostRows: number;
  /** The same of their bytes. */
  readonly mostBytes: number;
  readonly since: FeedCursor | null;
}

export interface PageAsked {
  readonly generation: number;
  readonly view: string;
  /** The rows from a place on, the first of which is "0", up to these bounds, or the rows of these keys, as many of them as there are. */
  readonly which:
    | { readonly place: string; readonly rows: number; readonly bytes: number }
    | { readonly keys: readonly string[] };
  readonly since: FeedCursor;
}

export interface Page {
  readonly oldest: number;
  /** The commit that the rows are of; "": none. */
  readonly lastCommit: string;
  readonly entries: readonly string[] | null;
  /** Where the next page begins; "0": there are no more. */
  readonly place: string;
  /** Field, value, field, … */
  readonly hash: readonly Buffer[];
}

export interface FeedRead {
  readonly oldest: number;
  /** "": none. */
  readonly lastCommit: string;
  /** Nothing was committed since the cursor. */
  readonly same: boolean;
  readonly entries: readonly string[];
}

export interface PartitionReads {
  /** Rejects when the deltas of `from` are retired. */
  hashes(prefix: string, asked: HashesAsked): Promise<PartitionHashes>;
  page(prefix: string, asked: PageAsked): Promise<Page>;
  feedSince(prefix: string, cursor: FeedCursor): Promise<FeedRead>;
}
