/** Bounds that scripts and code share: each script begins with them (redis/scripts.ts). */

/** How long a feed keeps more after somebody read deltas in pages, ms. */
export const READING_MS = 10_000;
/** What a feed may hold, bytes. */
export const FEED_BYTES = 1_024 * 1_024;
/** The same while somebody reads the deltas in pages. */
export const FEED_BYTES_READ = 8 * 1_024 * 1_024;
