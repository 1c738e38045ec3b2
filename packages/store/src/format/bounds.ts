/** Bounds that scripts and code share: each script begins with them (redis/scripts.ts). */

/** How long a feed keeps more after somebody read deltas in pages, ms. */
export const READING_MS = 10_000;
/** What a feed may hold, bytes. */
export const FEED_BYTES = 1_024 * 1_024;
/** The same while somebody reads the deltas in pages. */
export const FEED_BYTES_READ = 8 * 1_024 * 1_024;
/**
 * What bundles (row-bundle.ts) of one generation of a partition may hold, bytes; what comes on top is stored as rows, of which there is one for each key.
 * 7 bytes or so add to one row, which takes a reader 0.6 to 1.2 µs: 0.1 to 0.2 s in all, of each partition.
 */
export const BUNDLES_BYTES = 1_024 * 1_024;
