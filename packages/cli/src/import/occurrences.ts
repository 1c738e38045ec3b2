/**
 * Ids of imported events: the same row of the same file always gets the same id, so that importing twice counts once,
 * and two equal rows get two ids, so that both count (law 3).
 */
import { createHash } from 'node:crypto';

/** Rows whose occurrences are remembered. Equal rows further apart than this many distinct ones would share an id. */
const MAX_REMEMBERED = 1_000_000;

/** 32 hex digits that name this occurrence of `text`: SHA-256 over the text and how often it came before. */
export type OccurrenceId = (text: string) => string;

export function createOccurrenceIds(maxRemembered = MAX_REMEMBERED): OccurrenceId {
  const seen = new Map<string, number>();
  return (text) => {
    const digest = sha256Hex(text).slice(0, 32);
    const occurrence = (seen.get(digest) ?? 0) + 1;
    // Written again at the end of the map, so that the least recent is the first.
    seen.delete(digest);
    seen.set(digest, occurrence);
    if (seen.size > maxRemembered) seen.delete(seen.keys().next().value as string);
    return sha256Hex(`${digest}\n${occurrence}`).slice(0, 32);
  };
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
