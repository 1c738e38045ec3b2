/**
 * Answers a page at a time. A cursor is opaque: where the next page starts, bound to the question that was asked. Its checksum catches
 * truncated and edited cursors; it need not be secret, for a cursor opens nothing that its question would not.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { TributaryError } from '@tributary/model/errors';

/** `question` is everything that decides which rows there are, and in which order. */
export function encodeCursor(question: readonly unknown[], after: readonly (string | number)[]): string {
  const payload = JSON.stringify(after);
  return Buffer.from(`${checksum(question, payload)}${payload}`).toString('base64url');
}

type Kind = 'number' | 'string';
type Values<S extends readonly Kind[]> = { [I in keyof S]: S[I] extends 'number' ? number : string };

/** The `after` that was encoded, of these kinds; numbers are whole. Throws `invalid_query` for anything else. */
export function decodeCursor<const S extends readonly Kind[]>(question: readonly unknown[], cursor: string, kinds: S): Values<S> {
  const text = Buffer.from(cursor, 'base64url').toString();
  const payload = text.slice(CHECKSUM_LENGTH);
  const after = text.slice(0, CHECKSUM_LENGTH) === checksum(question, payload) ? jsonOf(payload) : undefined;
  if (!Array.isArray(after) || !kinds.every((kind, i) => isOf(kind, after[i])))
    throw new TributaryError(
      'invalid_query',
      `cursor must be one that an answer to this very question gave (got ${JSON.stringify(cursor.slice(0, 40))}). Ask again without a cursor, or with the same parameters`,
    );
  return after as unknown as Values<S>;
}

function isOf(kind: Kind, value: unknown): boolean {
  return kind === 'string' ? typeof value === 'string' : Number.isSafeInteger(value);
}

/** Anyone can compute a checksum. */
function jsonOf(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}

/** Hexadecimal digits of a CRC-32. */
const CHECKSUM_LENGTH = 8;

function checksum(question: readonly unknown[], payload: string): string {
  return crc32(`${JSON.stringify(question)}\n${payload}`)
    .toString(16)
    .padStart(CHECKSUM_LENGTH, '0');
}

export interface Page {
  readonly keys: readonly string[];
  readonly nextCursor: string | null;
}

/**
 * One page of rows ordered by key (the dimensions in the order of `by`). The cursor holds the last key, so a page is
 * stable while numbers move: no row is shown twice or skipped because another one grew.
 */
export function pageOf(keys: Iterable<string>, question: readonly unknown[], limit: number, cursor: string | undefined): Page {
  const all = [...keys].sort();
  const left = cursor === undefined ? all : behind(all, decodeCursor(question, cursor, ['string']));
  const page = left.slice(0, limit);
  const last = page.at(-1);
  return { keys: page, nextCursor: last !== undefined && left.length > limit ? encodeCursor(question, placeOf(last)) : null };
}

/** UTF-16 units of a key that a cursor has: a key of twenty channels has ten thousand, and a cursor at most 4 096 characters. */
const KEY_LENGTH = 700;

function placeOf(key: string): string[] {
  return key.length <= KEY_LENGTH ? [key] : [key.slice(0, KEY_LENGTH), hash('sha256', key, 'base64url')];
}

/** Where the row of a long key went meanwhile, all that begin like it come again: none is passed over. */
function behind(sorted: readonly string[], place: readonly string[]): readonly string[] {
  const [start = '', digest] = place;
  if (digest === undefined) return sorted.filter((key) => key > start);
  const like = sorted.findLastIndex((key) => key.startsWith(start) && hash('sha256', key, 'base64url') === digest);
  return like < 0 ? sorted.filter((key) => key >= start) : sorted.slice(like + 1);
}

/** The first of rows that are sorted by what moves: they have no pages. Throws `invalid_query` for a cursor. */
export function topOf(
  sorted: readonly string[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Page {
  if (cursor === undefined) return { keys: sorted.slice(0, limit), nextCursor: null };
  throw new TributaryError(
    'invalid_query',
    `cursor must be left out with sort (got "${cursor.slice(0, 40)}"): sorted rows have no pages, for their order moves. Raise limit, or leave sort out`,
  );
}
