/**
 * What a key holds as bytes alone, between the batches that concern it (held-items.ts has the larger part as bytes already): the objects around them were
 * most of what a garbage collector had to follow of keys that are joined. Keys of two links or more, of an undoing or of a withdrawal are few, and stay as
 * they are; so do long ones, whose bytes are many for each object.
 */
import type { KeyRules, KeyState } from './adoption.ts';
import { type ByteTape, bytesOfText, readBytes, readNumber, readText, writeBytes, writeNumber, writeText } from './byte-tape.ts';
import { PLACES } from './held-items.ts';
import { type Link, noLinks } from './links.ts';

/** Bytes of one key, at most. */
export const MOST_KEY_BYTES = 16 * 1024;
const BYTES_OF_ROW = 4 * PLACES;
/** Numbers, and the lengths of texts. */
const BYTES_OF_NUMBERS = 128;
const MOST_OWNERS = 64;

const HAS_LINK = 1;
const MERGES = 2;
const HAS_FLOOR = 4;

/** Whether the key may be written: in as many bytes as `MOST_KEY_BYTES`. */
export function fitsInBytes({ held, links, withdrawn }: KeyState): boolean {
  if (withdrawn.length > 0 || links.days !== undefined || links.byId !== undefined || links.undone !== undefined) return false;
  if (held.table !== undefined || held.owners.length > MOST_OWNERS) return false;
  let length = BYTES_OF_NUMBERS + held.used + held.count * BYTES_OF_ROW;
  for (const owner of held.owners) length += bytesOfText(owner);
  for (const { id, to, version } of links.made) length += bytesOfText(id) + bytesOfText(to) + bytesOfText(version);
  return length <= MOST_KEY_BYTES;
}

/** What all other keys have in common with it, and its name, are not written. */
export function writeKey(tape: ByteTape, { held, links, lostTs }: KeyState): void {
  writeNumber(tape, lostTs);
  const [link] = links.made;
  writeNumber(tape, link === undefined ? 0 : HAS_LINK | (link.merges ? MERGES : 0) | (link.floor === undefined ? 0 : HAS_FLOOR));
  if (link !== undefined) {
    for (const text of [link.id, link.to, link.version]) writeText(tape, text);
    for (const number of [link.ts, link.receivedAt, link.floor ?? 0]) writeNumber(tape, number);
  }
  for (const number of [held.count, held.used, held.wasted, held.owners.length]) writeNumber(tape, number);
  for (const owner of held.owners) writeText(tape, owner);
  const { rows } = held;
  writeBytes(tape, new Uint8Array(rows.buffer, rows.byteOffset, held.count * BYTES_OF_ROW));
  writeBytes(tape, held.bytes.subarray(0, held.used));
}

export function readKey(tape: ByteTape, key: string, rules: KeyRules): KeyState {
  const lostTs = readNumber(tape);
  const links = noLinks(rules);
  const has = readNumber(tape);
  if ((has & HAS_LINK) !== 0) {
    const link = readLink(tape, has);
    links.made = [link];
    if (link.merges === true) links.merging = [link];
  }
  const [count, used, wasted, ofOwners] = [readNumber(tape), readNumber(tape), readNumber(tape), readNumber(tape)];
  const owners = Array.from({ length: ofOwners }, () => readText(tape));
  const rows = new Int32Array(count * PLACES);
  new Uint8Array(rows.buffer).set(readBytes(tape, count * BYTES_OF_ROW));
  const bytes = readBytes(tape, used).slice();
  return {
    key,
    held: { count, rows, bytes, used, wasted, table: undefined, owners },
    links,
    withdrawn: [],
    digestOf: rules.digestOf,
    lostTs,
  };
}

function readLink(tape: ByteTape, has: number): Link {
  const [id, to, version] = [readText(tape), readText(tape), readText(tape)];
  const [ts, receivedAt, floor] = [readNumber(tape), readNumber(tape), readNumber(tape)];
  return {
    id,
    to,
    ts,
    version,
    receivedAt,
    ...((has & MERGES) !== 0 && { merges: true as const }),
    ...((has & HAS_FLOOR) !== 0 && { floor }),
  };
}
