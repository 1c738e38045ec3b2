/** How much one read of deltas may have, known to Redis before it reads. */
import { FEED_BYTES, FEED_BYTES_READ } from '../format/bounds.ts';

export interface ReadBounds {
  /** Rows of one page; a step of the scan may give a few more. */
  readonly pageRows: number;
  /** Row keys and measures of one page, bytes: it has less than that before its last row. */
  readonly pageBytes: number;
  /** Up to here, and to `bytesAtOnce`, all rows come at once, from one round trip. */
  readonly mostAtOnce: number;
  readonly bytesAtOnce: number;
}

/**
 * A page takes some 2 ms of Redis, and some 10 of a reader. The longest row key of ours is a path of 20 channels, 512 characters each: 32 kB. One that
 * is larger than a page, which another program wrote, is a page of its own.
 */
export const READ_BOUNDS: ReadBounds = {
  pageRows: 2_048,
  pageBytes: 512 * 1_024,
  mostAtOnce: 4_096,
  bytesAtOnce: 2 * 1_024 * 1_024,
};

/** Entries of the feed that come with a page, bytes: all that the feed may hold while somebody reads in pages (commit.lua). */
export const ENTRIES_OF_PAGE_BYTES = FEED_BYTES_READ;
/** Entries of the feed that a follower is given of a partition, bytes: who is farther behind reads it whole. */
export const ENTRIES_OF_LOOK_BYTES = FEED_BYTES;
