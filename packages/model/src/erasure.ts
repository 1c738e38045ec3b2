/**
 * The right to be forgotten as lines of the log: events of reserved types, of the key that they are about, as messages between keys are
 * (identity/message-line.ts). So each reader knows already whether one is whole, which partition it belongs to and where it lies.
 *
 *   tributary.erase   nothing of the user that lies before it counts any longer, and nothing after it, until
 *   tributary.lift    what comes after it counts again
 */
import { encodeEvent } from './event.ts';

export const ERASE_TYPE = 'tributary.erase';
export const LIFT_TYPE = 'tributary.lift';
export const ERASURE_TYPES = [ERASE_TYPE, LIFT_TYPE] as const;

/** Whether an event says of its user what counts, and is none of theirs. */
export function isErasureType(type: string): boolean {
  return type === ERASE_TYPE || type === LIFT_TYPE;
}

export interface ErasureRecord {
  readonly type: (typeof ERASURE_TYPES)[number];
  readonly userKey: string;
  /** That of the request: what is appended again by a retry is the same record. */
  readonly id: string;
  readonly atMs: number;
}

export function encodeErasure({ type, userKey, id, atMs }: ErasureRecord): string {
  return encodeEvent({ ts: atMs, type, id, userId: userKey, receivedAt: atMs, source: 'tributary' });
}
