/**
 * Up to this many fields Redis keeps a hash as a list, and looks through it from its beginning for each field that is read or written. By
 * default that is 128, as many rows as a view has of a partition: an eighth of what Redis spent on small commits (decision 36). The
 * setting by the name that every version knows.
 */
export const SMALL_HASHES = { setting: 'hash-max-ziplist-entries', want: '16' } as const;
