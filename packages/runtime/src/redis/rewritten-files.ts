/**
 * The size at which Redis writes its append-only file again by itself; from there on it does when that has doubled. With the default of 64 MB a young
 * platform under load does it every three to eight seconds, and all roles wait for the disk and the processor meanwhile. A start reads 512 MB in 2 to 5 s.
 */
export const REWRITTEN_FILES = { setting: 'auto-aof-rewrite-min-size', want: '512mb' } as const;
