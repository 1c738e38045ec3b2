/**
 * Opaque cursors: where the next page starts, bound to the question that was asked. The checksum catches truncated and
 * edited cursors; it is no secret, for a cursor opens nothing that its question would not.
 */
import { hash } from 'node:crypto';
import { TributaryError } from '@tributary/model/errors';

/** The largest cursor accepted, characters: the longest row key fits. */
export const CURSOR_LENGTH = 4096;

/** `question` is everything that decides which rows there are, and in which order. */
export function encodeCursor(question: readonly unknown[], after: readonly (string | number)[]): string {
  const payload = JSON.stringify(after);
  return Buffer.from(`${checksum(question, payload)}${payload}`).toString('base64url');
}

/** The `after` that was encoded. Throws `invalid_query` for anything else. */
export function decodeCursor(question: readonly unknown[], cursor: string): (string | number)[] {
  const text = Buffer.from(cursor, 'base64url').toString();
  const payload = text.slice(12);
  if (text.slice(0, 12) !== checksum(question, payload))
    throw new TributaryError(
      'invalid_query',
      'cursor: it was not issued for this very question; ask again without a cursor, or with the same parameters',
    );
  return JSON.parse(payload) as (string | number)[];
}

function checksum(question: readonly unknown[], payload: string): string {
  return hash('sha256', `${JSON.stringify(question)}\n${payload}`, 'base64url').slice(0, 12);
}
