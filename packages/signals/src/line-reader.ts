/**
 * Events from the bytes of their canonical lines, with the fields alone that definitions read: where JSON.parse makes every value of a line, this passes
 * over what is not asked for. What it is not sure of (a key with an escape, a nested value that is asked for) is left to JSON.parse, which decides what
 * a line says: of the fields asked for this gives the same values.
 */
import { EVENT_FIELDS, type Event } from '@tributary/model/event';

/** What definitions read of events, besides `ts` and `type`. */
export interface ReadFields {
  /** Fields of every event; `properties`: all of it. */
  readonly fields: ReadonlySet<string>;
  /** Keys of `properties`. */
  readonly properties: ReadonlySet<string>;
}

/** Where a line stands, `[start, end)`, and what its head says. */
export interface LinePlace {
  readonly start: number;
  readonly end: number;
  /** Where it goes on after its id. */
  readonly restAt: number;
  readonly ts: number;
  readonly type: string;
}

/** Fields that were not asked for may be missing. */
export type ReadLine = (bytes: Buffer, line: LinePlace) => Event;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** Integers up to this many digits are exact. */
const MOST_DIGITS = 15;
/** Within the line, and what comes before `restAt`. */
const HEAD = new Set(['ts', 'type', 'id']);
const PROPERTIES = 'properties';

type Cells = Record<string, unknown>;

export function lineReader({ fields, properties }: ReadFields): ReadLine {
  const isWhole = fields.has(PROPERTIES) || fields.has('id') || properties.has('__proto__');
  if (isWhole) return wholeLine;
  const top = EVENT_FIELDS.filter((field) => fields.has(field) && !HEAD.has(field));
  const own = [...properties];
  if (top.length === 0 && own.length === 0) return (_bytes, { ts, type }) => ({ ts, type }) as Event;
  const topKeys = keysOf(own.length === 0 ? top : [...top, PROPERTIES]);
  const ownKeys = keysOf(own);
  const emptyEvent: Cells = Object.fromEntries(['ts', 'type', ...top, PROPERTIES].map((name) => [name, undefined]));
  const emptyProperties: Cells = Object.fromEntries(own.map((name) => [name, undefined]));
  return (bytes, line) => {
    const { end, restAt, ts, type } = line;
    const event = { ...emptyEvent };
    event['ts'] = ts;
    event['type'] = type;
    cursor.at = restAt;
    while (bytes[cursor.at] === COMMA) {
      const name = nextKey(bytes, cursor.at + 1, topKeys);
      if (name === UNSURE) return wholeLine(bytes, line);
      if (name === undefined) skip(bytes, cursor.at, end);
      else if (name === PROPERTIES) event[name] = readProperties(bytes, end, ownKeys, emptyProperties);
      else event[name] = value(bytes, cursor.at, end);
    }
    return cursor.at === end - 1 && bytes[cursor.at] === CLOSE ? (event as unknown as Event) : wholeLine(bytes, line);
  };
}

function wholeLine(bytes: Buffer, { start, end }: LinePlace): Event {
  return JSON.parse(bytes.toString('utf8', start, end)) as Event;
}

/** Where reading goes on: one line is read at a time. */
const cursor: { at: number; bytes: Buffer; view: DataView } = {
  at: 0,
  bytes: Buffer.alloc(0),
  view: new DataView(new ArrayBuffer(0)),
};

/** By their length in bytes. */
type Keys = readonly (readonly Key[] | undefined)[];

interface Key {
  readonly name: string;
  readonly bytes: Buffer;
}

function keysOf(names: readonly string[]): Keys {
  const keys: Key[][] = [];
  for (const name of names) {
    const bytes = Buffer.from(name);
    const same = keys[bytes.length];
    if (same === undefined) keys[bytes.length] = [{ name, bytes }];
    else same.push({ name, bytes });
  }
  return keys;
}

/** A key that only JSON.parse can tell. */
const UNSURE = Symbol('unsure');

/** The name of the key whose opening quote is at `at`, where it was asked for; its value is at the cursor then. */
function nextKey(bytes: Buffer, at: number, keys: Keys): string | undefined | typeof UNSURE {
  if (bytes[at] !== QUOTE) return UNSURE;
  const from = at + 1;
  let to = from;
  for (let byte = bytes[to]; byte !== QUOTE; byte = bytes[++to]) if (byte === BACKSLASH || byte === undefined) return UNSURE;
  if (bytes[to + 1] !== COLON) return UNSURE;
  cursor.at = to + 2;
  const candidates = keys[to - from];
  if (candidates !== undefined) for (const key of candidates) if (isAt(bytes, from, key.bytes)) return key.name;
  return undefined;
}

function isAt(bytes: Buffer, from: number, key: Buffer): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key[i]) return false;
  return true;
}

/** Past the value at `at`. */
function skip(bytes: Buffer, at: number, end: number): void {
  const first = bytes[at];
  if (first === QUOTE) cursor.at = closing(bytes, plainTo(viewOf(bytes), at + 1, end), end) + 1;
  else if (first === OPEN || first === OPEN_LIST) cursor.at = past(bytes, at, end);
  else cursor.at = plainEnd(bytes, at, end);
}

/** Past the words from `at` on that are ASCII without a quote and without a backslash. */
function plainTo(view: DataView, at: number, end: number): number {
  let to = at;
  while (to + 4 <= end && isPlain(view.getInt32(to, true))) to += 4;
  return to;
}

/** Where the text that goes on at `at` has its closing quote. */
function closing(bytes: Buffer, at: number, end: number): number {
  let to = at;
  for (let byte = bytes[to]; byte !== QUOTE && to < end; byte = bytes[++to]) if (byte === BACKSLASH) to++;
  return to;
}

/** Past the object or list at `at`. */
function past(bytes: Buffer, at: number, end: number): number {
  let depth = 0;
  let to = at;
  do {
    const byte = bytes[to];
    if (byte === QUOTE) to = closing(bytes, to + 1, end);
    else if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
    to++;
  } while (depth > 0 && to < end);
  return to;
}

/** Where the number or word at `at` ends. */
function plainEnd(bytes: Buffer, at: number, end: number): number {
  let to = at;
  for (let byte = bytes[to]; byte !== COMMA && byte !== CLOSE && to < end; byte = bytes[++to]);
  return to;
}

function value(bytes: Buffer, at: number, end: number): unknown {
  const first = bytes[at] as number;
  if (first === QUOTE) return text(bytes, at + 1, end);
  const isNegative = first === MINUS;
  const from = isNegative ? at + 1 : at;
  let number = 0;
  let to = from;
  for (let digit = (bytes[to] as number) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[++to] as number) - ZERO)
    number = number * 10 + digit;
  const byte = bytes[to];
  if ((byte === COMMA || byte === CLOSE) && to > from && to - from <= MOST_DIGITS) {
    cursor.at = to;
    return isNegative ? -number : number;
  }
  skip(bytes, at, end);
  return JSON.parse(bytes.toString('utf8', at, cursor.at)) as unknown;
}

/** Texts repeat: the last one of each place is kept. Short ones alone, for they are values that senders choose. */
const PLACES = 1_024;
const TEXTS: (string | undefined)[] = new Array<undefined>(PLACES).fill(undefined);
const LONGEST_KEPT = 64;
/** The whole words of each, as they stand in a line. */
const WORDS_KEPT = LONGEST_KEPT / 4;
const WORDS = new Int32Array(PLACES * WORDS_KEPT);

/** Four bytes at a time, until a quote, a backslash or what is not ASCII is among them. */
function text(bytes: Buffer, from: number, end: number): string {
  const view = viewOf(bytes);
  let to = from;
  let hash = 0;
  for (; to + 4 <= end; to += 4) {
    const word = view.getInt32(to, true);
    if (!isPlain(word)) break;
    hash = Math.imul(hash ^ word, HASH_PRIME);
  }
  const wordsTo = to;
  let bits = 0;
  for (let byte = bytes[to] as number; byte !== QUOTE; byte = bytes[++to] as number) {
    if (byte === BACKSLASH || to >= end) {
      cursor.at = closing(bytes, to, end) + 1;
      return JSON.parse(bytes.toString('utf8', from - 1, cursor.at)) as string;
    }
    bits |= byte;
    hash = Math.imul(hash ^ byte, HASH_PRIME);
  }
  cursor.at = to + 1;
  if (bits >= 0x80) return bytes.toString('utf8', from, to);
  const length = to - from;
  if (length === 0 || length > LONGEST_KEPT) return bytes.toString('latin1', from, to);
  const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
  const known = TEXTS[place];
  if (known !== undefined && known.length === length && isKept(place, known, from, wordsTo)) return known;
  for (let at = from, i = place * WORDS_KEPT; at < wordsTo; at += 4) WORDS[i++] = view.getInt32(at, true);
  const made = bytes.toString('latin1', from, to);
  TEXTS[place] = made;
  return made;
}

const HASH_PRIME = 0x9e3779b1 | 0;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

/** Whether its four bytes are ASCII without a quote and without a backslash. */
function isPlain(word: number): boolean {
  const quotes = word ^ (ONES * QUOTE);
  const backslashes = word ^ (ONES * BACKSLASH);
  return ((((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes) | word) & HIGH_BITS) === 0;
}

/** Whether the text in this place is what stands from `from` on, with whole words up to `wordsTo`. */
function isKept(place: number, known: string, from: number, wordsTo: number): boolean {
  const { view } = cursor;
  let at = from;
  for (let i = place * WORDS_KEPT; at < wordsTo; at += 4) if (WORDS[i++] !== view.getInt32(at, true)) return false;
  for (; at - from < known.length; at++) if (view.getUint8(at) !== known.charCodeAt(at - from)) return false;
  return true;
}

function viewOf(bytes: Buffer): DataView {
  if (cursor.bytes !== bytes) {
    cursor.bytes = bytes;
    cursor.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return cursor.view;
}

/** The object at the cursor, with the keys alone that were asked for. Anything else there is not a canonical line: JSON.parse says what it is. */
function readProperties(bytes: Buffer, end: number, keys: Keys, empty: Cells): unknown {
  const at = cursor.at;
  if (bytes[at] !== OPEN) return value(bytes, at, end);
  const properties = { ...empty };
  if (bytes[at + 1] === CLOSE) {
    cursor.at = at + 2;
    return properties;
  }
  for (let next = at; next === at || bytes[next] === COMMA; next = cursor.at) {
    const name = nextKey(bytes, next + 1, keys);
    if (name === UNSURE) {
      cursor.at = past(bytes, at, end);
      return JSON.parse(bytes.toString('utf8', at, cursor.at)) as unknown;
    }
    if (name === undefined) skip(bytes, cursor.at, end);
    else properties[name] = value(bytes, cursor.at, end);
  }
  cursor.at++;
  return properties;
}
