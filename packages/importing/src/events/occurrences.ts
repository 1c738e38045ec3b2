/**
 * Ids of imported events: the same row of the same file always gets the same id, so that importing twice counts once,
 * and two equal rows get two ids, so that both count (law 3).
 */
import { createHash } from 'node:crypto';
import { createRecent } from './recent.ts';

/** Different rows, or ids, that are remembered at least: what lies further apart is not compared. At most twice as many are in memory. */
export const REMEMBERED = 1_000_000;

/** 32 hex digits that name this occurrence of `text`: SHA-256 over the text and how often it came before. */
export type OccurrenceId = (text: string) => string;

/** Equal rows further apart than `remembered` different ones may share an id; `forgets` is called when there may be such. */
export function createOccurrenceIds(remembered = REMEMBERED, forgets?: () => void): OccurrenceId {
  const seen = createRecent<number>(remembered, forgets);
  return (text) => {
    const digest = sha256(text);
    const key = shortKey(digest);
    const occurrence = (seen.get(key) ?? 0) + 1;
    seen.set(key, occurrence);
    return sha256Hex(`${digest.toString('hex', 0, 16)}\n${occurrence}`).slice(0, 32);
  };
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** 16 bytes of a digest as a string of its own: a slice of a longer one would keep all of it in memory. */
export function shortKey(digest: Buffer): string {
  return digest.toString('latin1', 0, 16);
}

export function sha256Hex(text: string): string {
  return sha256(text).toString('hex');
}
