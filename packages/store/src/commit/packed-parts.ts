/**
 * Rows in parts (parted-rows.ts) as MessagePack. Parts of keys are made bytes once, and copied from there into each key in one loop: of what a report of a
 * page sends most is keys, and a call for each part of each costs more than its bytes.
 */
import type { Parts, Tails } from '@tributary/views/parted-rows';
import type { Bytes } from './bytes.ts';

/** Marks of texts with up to 31 bytes, and 255; of those with up to 2^16 − 1. */
export const [SHORT_TEXT, BYTE_TEXT] = [0xa0, 0xd9];
const TEXT = 0xda;
const MOST_TEXT = 0xffff;
export const MOST_SHORT_TEXT = 31;
/** The form of stored rows whose measures fit 32 bits (commit.lua). */
export const NARROW = 0;
export const NARROW_MAX = 2 ** 31 - 1;

const TAB = 0x09;
/** A mark, and a length of two bytes. */
const HEAD_BYTES = 3;

/** Texts as bytes, the i-th at `[from[i], from[i + 1])`. */
interface Texts {
  readonly data: Uint8Array;
  readonly from: Int32Array;
}

/** Texts up to this long are written faster here than by a call of the engine, UTF-16 units. */
export const SHORT = 128;

/** A text by itself; false: it is too long, or none. */
export function writeText(bytes: Bytes, text: string): boolean {
  // A UTF-16 unit has three bytes at most.
  bytes.room(HEAD_BYTES + 3 * text.length);
  const { data, length: start } = bytes;
  const from = start + HEAD_BYTES;
  let to = text.length <= SHORT ? copyAscii(data, from, text) : -1;
  if (to < 0) {
    if (!text.isWellFormed()) return false;
    to = from + data.write(text, from);
  }
  if (to - from > MOST_TEXT) return false;
  data[start] = TEXT;
  data[start + 1] = (to - from) >> 8;
  data[start + 2] = to - from;
  bytes.length = to;
  return true;
}

/** Where it ends; −1: it is not ASCII. */
export function copyAscii(data: Uint8Array, from: number, text: string): number {
  let at = from;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return -1;
    data[at++] = code;
  }
  return at;
}

/** The keys of all rows; false: one of them is too long. Texts must be well-formed. */
export function writeKeys(bytes: Bytes, { rows, heads, names, tails, keys }: Parts): boolean {
  const [ofHead, ofName] = textsOf([heads, names], [TAB]);
  const texts = { head: ofHead as Texts, name: ofName as Texts, tail: tailsOf(tails) };
  let most = 0;
  for (let key = 0; key < 3 * rows; key += 3)
    most +=
      HEAD_BYTES +
      lengthOf(texts.head, keys[key] as number) +
      lengthOf(texts.name, keys[key + 1] as number) +
      lengthOf(texts.tail, keys[key + 2] as number);
  bytes.room(most);
  const end = copyKeys(bytes.data, bytes.length, 3 * rows, keys, texts);
  if (end < 0) return false;
  bytes.length = end;
  return true;
}

function lengthOf({ from }: Texts, text: number): number {
  return (from[text + 1] as number) - (from[text] as number);
}

/** Where they end in `data`; −1: one is too long. `parts`: three numbers of texts each. */
function copyKeys(
  data: Uint8Array,
  start: number,
  count: number,
  parts: Int32Array,
  { head, name, tail }: { readonly head: Texts; readonly name: Texts; readonly tail: Texts },
): number {
  let at = start;
  for (let key = 0; key < count; key += 3) {
    const headTo = head.from[(parts[key] as number) + 1] as number;
    const nameTo = name.from[(parts[key + 1] as number) + 1] as number;
    const tailTo = tail.from[(parts[key + 2] as number) + 1] as number;
    let headAt = head.from[parts[key] as number] as number;
    let nameAt = name.from[parts[key + 1] as number] as number;
    let tailAt = tail.from[parts[key + 2] as number] as number;
    const length = headTo - headAt + nameTo - nameAt + tailTo - tailAt;
    if (length > MOST_TEXT) return -1;
    data[at] = TEXT;
    data[at + 1] = length >> 8;
    data[at + 2] = length;
    at += HEAD_BYTES;
    while (headAt < headTo) data[at++] = head.data[headAt++] as number;
    while (nameAt < nameTo) data[at++] = name.data[nameAt++] as number;
    while (tailAt < tailTo) data[at++] = tail.data[tailAt++] as number;
  }
  return at;
}

/** What all rows are stored as where each measure fits 32 bits; false: one does not, and nothing is written. No measure is negative. */
export function writeNarrow(bytes: Bytes, { rows, width, measures }: Parts): boolean {
  const size = 1 + 4 * width;
  const isShort = size <= MOST_SHORT_TEXT;
  bytes.room(rows * (size + 2));
  const { data } = bytes;
  let at = bytes.length;
  for (let measure = 0; measure < rows * width; ) {
    if (isShort) data[at++] = SHORT_TEXT + size;
    else {
      data[at++] = BYTE_TEXT;
      data[at++] = size;
    }
    data[at++] = NARROW;
    for (const end = measure + width; measure < end; measure++) {
      const value = measures[measure] as number;
      if (value > NARROW_MAX) return false;
      data[at] = value;
      data[at + 1] = value >> 8;
      data[at + 2] = value >> 16;
      data[at + 3] = value >> 24;
      at += 4;
    }
  }
  bytes.length = at;
  return true;
}

/** Lists of texts, of each list with what its texts end with, in room that the next call writes over. */
function textsOf(lists: readonly (readonly string[])[], endings: readonly (number | undefined)[]): Texts[] {
  let most = 0;
  // A UTF-16 unit has three bytes at most.
  for (const texts of lists) for (const text of texts) most += 3 * text.length + 1;
  const data = roomFor(most);
  let at = 0;
  return lists.map((texts, list) => {
    const from = new Int32Array(texts.length + 1);
    const ending = endings[list];
    for (let i = 0; i < texts.length; i++) {
      from[i] = at;
      at += data.write(texts[i] as string, at);
      if (ending !== undefined) data[at++] = ending;
    }
    from[texts.length] = at;
    return { data, from };
  });
}

/** Names of a commit may be megabytes: such room is not kept. */
const MOST_KEPT = 1_024 * 1_024;
let room = Buffer.allocUnsafeSlow(64 * 1_024);

function roomFor(bytes: number): Buffer {
  if (bytes <= room.length) return room;
  const larger = Buffer.allocUnsafeSlow(2 * bytes);
  if (larger.length <= MOST_KEPT) room = larger;
  return larger;
}

/** Those of a view never change. */
const known = new WeakMap<Tails, Texts>();

function tailsOf(tails: Tails): Texts {
  let texts = known.get(tails);
  if (texts === undefined) {
    const data = Buffer.from(tails.join(''));
    const from = new Int32Array(tails.length + 1);
    for (const [i, tail] of tails.entries()) from[i + 1] = (from[i] as number) + Buffer.byteLength(tail);
    known.set(tails, (texts = { data, from }));
  }
  return texts;
}
