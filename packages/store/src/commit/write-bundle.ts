/** Rows in parts (parted-rows.ts) as a bundle (format/row-bundle.ts), as a text of MessagePack. */
import type { Parts, Tails } from '@tributary/views/parted-rows';
import { BUNDLE, fillOf, MOST_BUNDLE_BYTES } from '../format/row-bundle.ts';
import type { Bytes } from './bytes.ts';
import { copyAscii, SHORT } from './packed-parts.ts';

/** The mark of a text with a length of four bytes. */
const LONG_TEXT = 0xdb;
const HEAD_BYTES = 5;
/** Bytes of a number below 2^28, and of any that is safe. */
const [MOST_NUMBER, MOST_MEASURE] = [4, 8];

/** False: the bundle is too large, or a text is none; nothing is written. No measure is negative. */
export function writeBundle(bytes: Bytes, parts: Parts): boolean {
  const start = bytes.length;
  if (writeWhole(bytes, parts)) return true;
  bytes.length = start;
  return false;
}

function writeWhole(bytes: Bytes, { rows, width, heads, names, tails, keys, measures }: Parts): boolean {
  const start = bytes.length;
  bytes.room(HEAD_BYTES + 2);
  bytes.length += HEAD_BYTES;
  bytes.byte(BUNDLE);
  bytes.byte(width);
  const ends = endsOf(tails, keys, rows);
  if (!writeTexts(bytes, heads) || !writeTexts(bytes, names) || !writeTexts(bytes, ends.texts)) return false;
  bytes.room(MOST_NUMBER + rows * (3 * MOST_NUMBER + width * MOST_MEASURE));
  const { data } = bytes;
  let at = writeNumber(data, bytes.length, rows);
  for (let row = 0, key = 0, measure = 0; row < rows; row++, key += 3) {
    at = writeNumber(data, at, keys[key] as number);
    at = writeNumber(data, at, keys[key + 1] as number);
    at = writeNumber(data, at, ends.numbers[keys[key + 2] as number] as number);
    for (const end = measure + width; measure < end; measure++) at = writeNumber(data, at, measures[measure] as number);
  }
  for (let fill = fillOf(at - start - HEAD_BYTES); fill > 0; fill--) data[at++] = 0;
  const size = at - start - HEAD_BYTES;
  if (size > MOST_BUNDLE_BYTES) return false;
  bytes.length = start;
  bytes.byte(LONG_TEXT);
  bytes.int32(size);
  bytes.length = at;
  return true;
}

/** False: one of them is not well-formed. */
function writeTexts(bytes: Bytes, texts: readonly string[]): boolean {
  bytes.room(MOST_NUMBER);
  bytes.length = writeNumber(bytes.data, bytes.length, texts.length);
  return texts.every((text) => writeText(bytes, text));
}

function writeText(bytes: Bytes, text: string): boolean {
  // A UTF-16 unit has three bytes at most.
  bytes.room(MOST_NUMBER + 3 * text.length);
  const { data, length: start } = bytes;
  if (text.length < SHORT) {
    const to = copyAscii(data, start + 1, text);
    if (to >= 0) {
      data[start] = text.length;
      bytes.length = to;
      return true;
    }
  }
  if (!text.isWellFormed()) return false;
  const from = writeNumber(data, start, Buffer.byteLength(text));
  bytes.length = from + data.write(text, from);
  return true;
}

/** Where it ends. Seven bits a byte, the lowest first. */
function writeNumber(data: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  // Beyond 31 bits there are no shifts.
  while (rest > 0x7fffffff) {
    data[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    data[at++] = rest | 128;
    rest >>= 7;
  }
  data[at++] = rest;
  return at;
}

/** What keys of these rows end with, and the number of each by its number among all of the view. */
function endsOf(
  tails: Tails,
  keys: Int32Array,
  rows: number,
): { readonly texts: readonly string[]; readonly numbers: Int32Array } {
  const numbers = new Int32Array(tails.length).fill(-1);
  const texts: string[] = [];
  for (let key = 2; key < 3 * rows; key += 3) {
    const tail = keys[key] as number;
    if (numbers[tail] === -1) numbers[tail] = texts.push(tails[tail] as string) - 1;
  }
  return { texts, numbers };
}
