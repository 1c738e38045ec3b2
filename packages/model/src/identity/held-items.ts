/**
 * What a key holds of items (adoption.ts), as numbers and bytes. A worker holds hundreds of thousands of them for minutes; as objects the garbage collector
 * follows each one, and all users wait while it does. An item is made of them where it is needed: where it moves, or is compared with another.
 *
 * Each way that events of one id came is a row of numbers, and its texts lie in `bytes`: id and path, version, line. The rows of one id are chained from the
 * one that came first, which says which of them counts for the key. Hashes only find a row: texts decide.
 */
import type { Item } from './item.ts';
import type { Version } from './links.ts';

export interface HeldItems {
  /** How many rows there are: they are numbered from 0, in the order of arrival. */
  count: number;
  rows: Int32Array;
  bytes: Uint8Array;
  /** How many of the bytes are written, and how many of these no row has any more. */
  used: number;
  wasted: number;
  /** Rows by the hashes of their ids and of their ways, once they are many. Each is one more than the number of the row; 0 where there is none. */
  table: Int32Array | undefined;
  /** The keys that items are lent to. */
  owners: readonly string[];
}

/** In place of a row: there is none. */
export const NONE = -1;

/** Rows that are gone through one by one. */
const MOST_WITHOUT_TABLE = 24;
/** Bytes that are worth no copy of the others. */
const LITTLE = 4_096;

// The places of a row. What counts, what follows and who owns it are one more than the number, 0 for none.
const ID_HASH = 0;
const ID_CHECK = 1;
const WAY_HASH = 2;
const WAY_CHECK = 3;
const AT = 4;
/** Bytes of the texts: the id is the beginning of the way. */
const ID_BYTES = 5;
const WAY_BYTES = 6;
const VERSION_BYTES = 7;
const LINE_BYTES = 8;
const FLAGS = 9;
const OWNER = 10;
const NEXT = 11;
const COUNTING = 12;
const TS_HIGH = 13;
const TS_LOW = 14;
/** How many places a row has. */
export const PLACES = 15;

const IS_FIRST = 1;
const IS_HERE = 2;
const IS_KNOWN = 4;
const IS_GONE = 8;

const NO_NUMBERS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);
const NO_OWNERS: readonly string[] = [];

export function noItems(): HeldItems {
  return { count: 0, rows: NO_NUMBERS, bytes: NO_BYTES, used: 0, wasted: 0, table: undefined, owners: NO_OWNERS };
}

/** The first row of an id. */
export function firstOfId(held: HeldItems, id: string): number {
  if (held.count === 0) return NONE;
  const hash = hashOf(id);
  const check = checkOf(id);
  const isIt = (row: number) =>
    at(held, row, ID_HASH) === hash && at(held, row, ID_CHECK) === check && isFirstOfId(held, row) && idAt(held, row) === id;
  return find(held, hash, isIt);
}

/** The row of what came under the id by this way. `first`: of the id. */
export function rowOfWay(held: HeldItems, first: number, id: string, path: readonly string[]): number {
  if (first === NONE) return NONE;
  const way = wayOf(id, path);
  const hash = hashOf(way);
  const check = checkOf(way);
  const isIt = (row: number) =>
    at(held, row, WAY_HASH) === hash && at(held, row, WAY_CHECK) === check && idAt(held, row) === id && wayAt(held, row) === way;
  return find(held, hash, isIt);
}

function find({ count, table }: HeldItems, hash: number, isIt: (row: number) => boolean): number {
  if (table === undefined) {
    for (let row = 0; row < count; row++) if (isIt(row)) return row;
    return NONE;
  }
  const mask = table.length - 1;
  for (let place = placeOf(hash) & mask; ; place = (place + 1) & mask) {
    const row = (table[place] as number) - 1;
    if (row === NONE || isIt(row)) return row;
  }
}

/** A way that is not held yet; `first`: of its id. It is not here, and what counts under its id does so still. */
export function addRow(held: HeldItems, first: number, item: Item, version: Version): number {
  const row = held.count;
  const next = row + 1;
  if (held.rows.length < next * PLACES) held.rows = longer(held.rows, Math.ceil(next * 1.5) * PLACES);
  const way = wayOf(item.id, item.path);
  set(held, row, ID_HASH, hashOf(item.id));
  set(held, row, ID_CHECK, checkOf(item.id));
  set(held, row, WAY_HASH, hashOf(way));
  set(held, row, WAY_CHECK, checkOf(way));
  set(held, row, FLAGS, first === NONE ? IS_FIRST : 0);
  set(held, row, OWNER, 0);
  set(held, row, NEXT, first === NONE ? 0 : at(held, first, NEXT));
  set(held, row, COUNTING, 0);
  // An item that cannot be written is in no row.
  write(held, row, item, version);
  held.count = next;
  if (first !== NONE) set(held, first, NEXT, next);
  if (held.table !== undefined && held.table.length >= ROOM * next) addToTable(held, held.table, row);
  else if (next > MOST_WITHOUT_TABLE) held.table = tableOf(held);
  return row;
}

/** What came by the way of the row again. */
export function replaceItem(held: HeldItems, row: number, item: Item, version: Version): void {
  held.wasted += bytesOf(held, row);
  write(held, row, item, version);
  if (held.wasted > LITTLE && 2 * held.wasted > held.used) layBytes(held);
}

/** What takes an item back does not carry it. */
export function setVersion(held: HeldItems, row: number, version: Version): void {
  replaceItem(held, row, itemAt(held, row, ''), version);
}

/** `key`: the one that holds the item. */
export function itemAt(held: HeldItems, row: number, key: string): Item {
  const { bytes } = held;
  const path = pathAt(held, row);
  const end = at(held, row, AT) + bytesOf(held, row);
  return {
    origin: path[0] ?? key,
    id: idAt(held, row),
    ts: tsAt(held, row),
    isKnown: isKnownAt(held, row),
    path,
    line: textOf(bytes, end - at(held, row, LINE_BYTES), end),
  };
}

export function tsAt(held: HeldItems, row: number): number {
  return at(held, row, TS_HIGH) * 2 ** 32 + (at(held, row, TS_LOW) >>> 0);
}

export function isKnownAt(held: HeldItems, row: number): boolean {
  return (at(held, row, FLAGS) & IS_KNOWN) !== 0;
}

/** The keys that lent it, the origin first. */
export function pathAt(held: HeldItems, row: number): string[] {
  const [from, idBytes, wayBytes] = [at(held, row, AT), at(held, row, ID_BYTES), at(held, row, WAY_BYTES)];
  return wayBytes === idBytes ? [] : textOf(held.bytes, from + idBytes + 1, from + wayBytes).split('\n');
}

/**
 * Whether the way of one row comes before that of another of its id: an event of the key's own before all others, these by their origins and then by the keys
 * on the way, as code points. Bytes of UTF-8 are in the order of code points, and a newline comes before all that a key may have: no text is made of them, as
 * one id may have come by thousands of ways.
 */
export function isWayBefore(held: HeldItems, one: number, other: number): boolean {
  const { bytes } = held;
  const [a, b] = [at(held, one, AT), at(held, other, AT)];
  const end = Math.min(at(held, one, WAY_BYTES), at(held, other, WAY_BYTES));
  for (let i = at(held, one, ID_BYTES); i < end; i++) {
    const difference = (bytes[a + i] as number) - (bytes[b + i] as number);
    if (difference !== 0) return difference < 0;
  }
  return at(held, one, WAY_BYTES) < at(held, other, WAY_BYTES);
}

/** That of the newest message about it; '' for an event of the key's own. */
export function versionAt(held: HeldItems, row: number): Version {
  const from = at(held, row, AT) + at(held, row, WAY_BYTES);
  return textOf(held.bytes, from, from + at(held, row, VERSION_BYTES));
}

export function isHereAt(held: HeldItems, row: number): boolean {
  return (at(held, row, FLAGS) & IS_HERE) !== 0;
}

export function setHere(held: HeldItems, row: number, here: boolean): void {
  flag(held, row, IS_HERE, here);
}

/** The key that it is lent to; null: it counts here, if it is here. */
export function lentToAt(held: HeldItems, row: number): string | null {
  const owner = at(held, row, OWNER);
  return owner === 0 ? null : (held.owners[owner - 1] as string);
}

export function setLentTo(held: HeldItems, row: number, owner: string | null): void {
  if (owner !== null && !held.owners.includes(owner)) held.owners = [...held.owners, owner];
  set(held, row, OWNER, owner === null ? 0 : held.owners.indexOf(owner) + 1);
}

/** Whether it is the first row of its id. */
export function isFirstOfId(held: HeldItems, row: number): boolean {
  return (at(held, row, FLAGS) & IS_FIRST) !== 0;
}

/** `first`: of the id. */
export function rowsOfId(held: HeldItems, first: number): number[] {
  const rows: number[] = [];
  for (let row = first; row !== NONE; row = at(held, row, NEXT) - 1) rows.push(row);
  return rows;
}

/** `first`: of its id. Which row counts for the key. */
export function countingOf(held: HeldItems, first: number): number {
  return at(held, first, COUNTING) - 1;
}

export function setCounting(held: HeldItems, first: number, row: number): void {
  set(held, first, COUNTING, row + 1);
}

/** The row is let go of, with the next call of `dropGone`. */
export function markGone(held: HeldItems, row: number): void {
  flag(held, row, IS_GONE, true);
  flag(held, row, IS_HERE, false);
}

/** The rows that are left have other numbers from then on: those of one id one after another, in the order of the ids. */
export function dropGone(held: HeldItems): void {
  const { count, rows } = held;
  const kept = new Int32Array(count * PLACES);
  let left = 0;
  for (let first = 0; first < count; first++) {
    if (!isFirstOfId(held, first)) continue;
    const counting = countingOf(held, first);
    const from = left;
    let counts = 0;
    for (const row of rowsOfId(held, first)) {
      if ((at(held, row, FLAGS) & IS_GONE) !== 0) continue;
      kept.set(rows.subarray(row * PLACES, (row + 1) * PLACES), left++ * PLACES);
      if (row === counting) counts = left;
    }
    for (let row = from; row < left; row++) {
      const place = row * PLACES;
      kept[place + FLAGS] = ((kept[place + FLAGS] as number) & ~IS_FIRST) | (row === from ? IS_FIRST : 0);
      kept[place + NEXT] = row + 1 < left ? row + 2 : 0;
      kept[place + COUNTING] = row === from ? counts : 0;
    }
  }
  held.rows = kept.slice(0, left * PLACES);
  held.count = left;
  held.table = left > MOST_WITHOUT_TABLE ? tableOf(held) : undefined;
  layBytes(held);
}

function at({ rows }: HeldItems, row: number, place: number): number {
  return rows[row * PLACES + place] as number;
}

function set({ rows }: HeldItems, row: number, place: number, value: number): void {
  rows[row * PLACES + place] = value;
}

function flag(held: HeldItems, row: number, one: number, isSet: boolean): void {
  const flags = at(held, row, FLAGS);
  set(held, row, FLAGS, isSet ? flags | one : flags & ~one);
}

export function idAt(held: HeldItems, row: number): string {
  const from = at(held, row, AT);
  return textOf(held.bytes, from, from + at(held, row, ID_BYTES));
}

function wayAt(held: HeldItems, row: number): string {
  const from = at(held, row, AT);
  return textOf(held.bytes, from, from + at(held, row, WAY_BYTES));
}

function bytesOf(held: HeldItems, row: number): number {
  return at(held, row, WAY_BYTES) + at(held, row, VERSION_BYTES) + at(held, row, LINE_BYTES);
}

/**
 * By the way that it came, the origin first: while links change, one event may be on its way to a key through two others, and what one of them takes
 * back must leave the other's. No key has a newline.
 */
function wayOf(id: string, path: readonly string[]): string {
  return path.length === 0 ? id : [id, ...path].join('\n');
}

function write(held: HeldItems, row: number, { id, path, ts, isKnown, line }: Item, version: Version): void {
  const way = wayOf(id, path);
  reserve(held, way.length + version.length + line.length);
  set(held, row, AT, held.used);
  const idBytes = put(held, id);
  set(held, row, ID_BYTES, idBytes);
  set(held, row, WAY_BYTES, idBytes + put(held, way.slice(id.length)));
  set(held, row, VERSION_BYTES, put(held, version));
  set(held, row, LINE_BYTES, put(held, line));
  set(held, row, TS_HIGH, Math.floor(ts / 2 ** 32));
  set(held, row, TS_LOW, ts | 0);
  flag(held, row, IS_KNOWN, isKnown);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return from === to ? '' : decoder.decode(bytes.subarray(from, to));
}

/** How many bytes the text is. */
function put(held: HeldItems, text: string): number {
  if (text === '') return 0;
  reserve(held, text.length);
  const { read, written } = encoder.encodeInto(text, held.bytes.subarray(held.used));
  held.used += written;
  if (read === text.length) return written;
  // What is not ASCII has up to three bytes a unit.
  reserve(held, 3 * (text.length - read));
  return written + put(held, text.slice(read));
}

function reserve(held: HeldItems, more: number): void {
  const wanted = held.used + more;
  if (wanted <= held.bytes.length) return;
  const bytes = new Uint8Array(Math.ceil(wanted * 1.5));
  bytes.set(held.bytes.subarray(0, held.used));
  held.bytes = bytes;
}

/** Lays the texts of the rows one after another. */
function layBytes(held: HeldItems): void {
  let length = 0;
  for (let row = 0; row < held.count; row++) length += bytesOf(held, row);
  const bytes = new Uint8Array(length);
  let used = 0;
  for (let row = 0; row < held.count; row++) {
    const from = at(held, row, AT);
    const own = bytesOf(held, row);
    bytes.set(held.bytes.subarray(from, from + own), used);
    set(held, row, AT, used);
    used += own;
  }
  held.bytes = bytes;
  held.used = used;
  held.wasted = 0;
}

function longer(from: Int32Array, length: number): Int32Array {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}

/** Places of the table for each row: it may be found by its id and by its way, and half of them are free. */
const ROOM = 4;

function tableOf(held: HeldItems): Int32Array {
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * ROOM * held.count)));
  for (let row = 0; row < held.count; row++) addToTable(held, table, row);
  return table;
}

function addToTable(held: HeldItems, table: Int32Array, row: number): void {
  const way = at(held, row, WAY_HASH);
  const id = at(held, row, ID_HASH);
  addAt(table, way, row);
  if (isFirstOfId(held, row) && id !== way) addAt(table, id, row);
}

function addAt(table: Int32Array, hash: number, row: number): void {
  const mask = table.length - 1;
  let place = placeOf(hash) & mask;
  while (table[place] !== 0) place = (place + 1) & mask;
  table[place] = row + 1;
}

function placeOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 8;
}

/** Each process has numbers of its own: senders choose ids, and where hashes can be computed in advance they could choose ids with equal ones. */
const [START = 1, FACTOR = 1, CHECK_FACTOR = 1] = crypto.getRandomValues(new Int32Array(3)).map((bits) => bits | 1);

// Each text has two hashes: nearly all texts that share one differ in the other, so they are known apart without being read.
function hashOf(text: string): number {
  let hash = START;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FACTOR);
  return hash;
}

function checkOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, CHECK_FACTOR) + text.charCodeAt(i)) | 0;
  return hash;
}
