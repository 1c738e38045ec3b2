/**
 * The canonical line as `encodeEvent` writes it, read in place: no JSON.parse, and no value is made that the timeline does not ask for.
 *
 * `decodeLine` decides what an event is. This reader accepts a part of what `decodeLine` accepts, with the same values, and refuses nothing:
 * whatever it is not sure of (other fields, another order, escapes, spaces, numbers with a point, any value out of bounds) is left to
 * `decodeLine`. A field that gets a row in event-fields.ts is read here without a further line, unless the timeline keeps it.
 */
import { EVENT_FIELDS, type Event } from '../event.ts';
import { FIELD_ROWS, type Field, type FieldRow, type FieldsWith, fieldsWith } from '../event-fields.ts';
import { RESERVED_PREFIX } from '../identity/message-line.ts';
import { MAX_INSTANT_MS } from '../time.ts';
import { partitionOfBytes } from '../user-key.ts';
import { EVENT_BOUNDS } from './validate-event.ts';

/** What the timeline and log time need of an event. */
type Kept = FieldsWith<{ timeline: true }> | 'receivedAt';
type Always = Kept & FieldsWith<{ required: true }>;
export type KeptFields = { readonly [K in Always]: Event[K] } & {
  readonly [K in Exclude<Kept, Always>]?: Event[K] | undefined;
};

export interface PlainLine {
  readonly ok: true;
  readonly event: KeptFields;
  readonly userKey: string;
}

export interface PlainLineReader {
  /**
   * Takes in a text, one line or many: how many bytes of UTF-8 it has. As many as it has UTF-16 units: all of it is ASCII. -1: it is long,
   * and not ASCII; it was not taken in.
   */
  open(text: string): number;
  /**
   * The line in the bytes `[from, to)` of the text, found in `partition` of `partitions`, which the log took at `appendedMs`; undefined
   * where `decodeLine` has to look. The text is well-formed Unicode.
   */
  read(from: number, to: number, partition: number, partitions: number, appendedMs: number): PlainLine | undefined;
}

type Kind = FieldRow['type'];
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;

/** Integers up to this many digits are exact. */
const MOST_DIGITS = 15;

/** Seen fields are the bits of one integer. */
if (EVENT_FIELDS.length > 31) throw new RangeError(`an event must have at most 31 fields (got ${EVENT_FIELDS.length})`);

const KINDS: readonly Kind[] = FIELD_ROWS.map(([, { type }]) => type);
const KEYS = FIELD_ROWS.map(([field]) => bytesOf(`"${field}":`));
/** The first four bytes of each name, to find a key by. */
const HEADS = Int32Array.from(KEYS, (key) => headAt(key, 1));
const IS_ASCII = FIELD_ROWS.map(([, row]) => 'ascii' in row && row.ascii === true);
/** What a value that may be reserved begins with. */
const RESERVED = FIELD_ROWS.map(([, row]) => ('reserved' in row ? (row.reserved ?? []).map((name) => name.charCodeAt(0)) : []));
const LONGEST = Int32Array.from(FIELD_ROWS, ([, row]) => ('maxLength' in row ? row.maxLength : 0));
const LEAST = Float64Array.from(FIELD_ROWS, ([, row]) => (row.type === 'amount' ? row.min : 0));
const MOST = Float64Array.from(FIELD_ROWS, ([, row]) => (row.type === 'amount' ? row.max : MAX_INSTANT_MS));
const REQUIRED = bitsOf(fieldsWith({ required: true }));
const [TS, TYPE, ID, RECEIVED] = [indexOf('ts'), indexOf('type'), indexOf('id'), indexOf('receivedAt')];
const [CHANNEL, CAMPAIGN, CURRENCY] = [indexOf('channel'), indexOf('campaign'), indexOf('currency')];
const [COST, VALUE] = [indexOf('cost'), indexOf('value')];
const [USER, ANONYMOUS] = [indexOf('userId'), indexOf('anonymousId')];

/** Room for texts up to this long is made whatever they hold, UTF-16 units. */
const LONG = 65_536;

export function createPlainLineReader(): PlainLineReader {
  let data = Buffer.allocUnsafe(1 << 16);
  let isAscii = true;
  let seen = 0;
  /** Where the texts of the fields seen lie, without the quotes; their numbers. */
  const starts = new Int32Array(KEYS.length);
  const stops = new Int32Array(KEYS.length);
  const numbers = new Float64Array(KEYS.length);
  const names = createNames();

  /** Whether the bytes `[from, end)` are a line that this reader is sure of. */
  function scan(from: number, end: number): boolean {
    if (data[from] !== OPEN) return false;
    seen = 0;
    let at = from + 1;
    for (let field = 0; ; field++) {
      field = keyAt(at, field);
      if (field < 0) return false;
      seen |= 1 << field;
      at = valueEnd(field, at + (KEYS[field] as Uint8Array).length, end);
      if (at < 0 || at >= end) return false;
      const next = data[at++];
      if (next === CLOSE) break;
      if (next !== COMMA) return false;
    }
    return at === end && (seen & REQUIRED) === REQUIRED && (has(USER) || has(ANONYMOUS));
  }

  /** The first field from `field` on whose key stands at `at`; -1: none does. */
  function keyAt(at: number, field: number): number {
    const head = headAt(data, at + 1);
    for (let next = field; next < HEADS.length; next++)
      if (HEADS[next] === head && isAt(data, at, KEYS[next] as Uint8Array)) return next;
    return -1;
  }

  /** Where the value at `at` ends; -1: it is not plain, or out of its field's bounds. */
  function valueEnd(field: number, at: number, end: number): number {
    switch (KINDS[field] as Kind) {
      case 'text':
        return fieldTextEnd(field, at, end);
      case 'instant':
      case 'amount':
        return integerEnd(field, at, end);
      case 'currency':
        return currencyEnd(field, at);
      case 'flag':
        return isAt(data, at, TRUE) ? at + TRUE.length : -1;
      case 'object':
        return data[at] === OPEN ? jsonEnd(data, at, end, EVENT_BOUNDS.propertyDepth) : -1;
    }
  }

  function fieldTextEnd(field: number, at: number, end: number): number {
    const stop = textEnd(data, at, end) - 1;
    const length = stop - at - 1;
    // A text has at least as many bytes as UTF-16 units.
    if (length < 1 || length > (LONGEST[field] as number)) return -1;
    if (IS_ASCII[field] && !isAscii && !hasOnlyAscii(data, at, stop)) return -1;
    if ((RESERVED[field] as readonly number[]).includes(data[at + 1] as number)) return -1;
    starts[field] = at + 1;
    stops[field] = stop;
    return stop + 1;
  }

  function currencyEnd(field: number, at: number): number {
    if (data[at] !== QUOTE || data[at + 4] !== QUOTE) return -1;
    for (let i = at + 1; i < at + 4; i++) if ((data[i] as number) < 0x41 || (data[i] as number) > 0x5a) return -1;
    starts[field] = at + 1;
    stops[field] = at + 4;
    return at + 5;
  }

  function integerEnd(field: number, at: number, end: number): number {
    const stop = wholeEnd(data, at, end);
    if (stop < 0) return -1;
    const first = data[at] === MINUS ? at + 1 : at;
    if (stop - first > MOST_DIGITS) return -1;
    let number = 0;
    for (let i = first; i < stop; i++) number = number * 10 + (data[i] as number) - ZERO;
    if (first > at) number = -number;
    numbers[field] = number;
    return number < (LEAST[field] as number) || number > (MOST[field] as number) ? -1 : stop;
  }

  /** What partitions say to each other has rules of its own. */
  function isReserved(): boolean {
    return isAt(data, starts[TYPE] as number, PLATFORM);
  }

  function has(field: number): boolean {
    return (seen & (1 << field)) !== 0;
  }

  /** A text of its own: a part of a longer one would keep all of that in memory. */
  function text(field: number): string {
    return data.toString(isAscii ? 'latin1' : 'utf8', starts[field], stops[field]);
  }

  function name(field: number): string {
    return names.textAt(data, starts[field] as number, stops[field] as number) ?? names.keep(text(field));
  }

  function event(): KeptFields {
    return {
      ts: numbers[TS] as number,
      type: name(TYPE),
      id: text(ID),
      receivedAt: numbers[RECEIVED] as number,
      channel: has(CHANNEL) ? name(CHANNEL) : undefined,
      campaign: has(CAMPAIGN) ? name(CAMPAIGN) : undefined,
      cost: has(COST) ? numbers[COST] : undefined,
      value: has(VALUE) ? numbers[VALUE] : undefined,
      currency: has(CURRENCY) ? name(CURRENCY) : undefined,
    } satisfies Record<Kept, unknown>;
  }

  return {
    open(opened) {
      const most = opened.length * 3;
      const room = opened.length <= LONG ? most : opened.length + 8;
      if (data.length < room) data = Buffer.allocUnsafe(room);
      const written = data.write(opened, 'utf8');
      isAscii = written === opened.length;
      return isAscii || data.length >= most ? written : -1;
    },
    read(from, to, partition, partitions, appendedMs) {
      if (!scan(from, to) || isReserved()) return undefined;
      const receivedAt = numbers[RECEIVED] as number;
      if ((numbers[TS] as number) > receivedAt + EVENT_BOUNDS.futureMs) return undefined;
      if (receivedAt > appendedMs + EVENT_BOUNDS.futureMs) return undefined;
      const user = has(USER) ? USER : ANONYMOUS;
      if (partitionOfBytes(data, starts[user] as number, stops[user] as number, partitions) !== partition) return undefined;
      return { ok: true, event: event(), userKey: text(user) };
    },
  };
}

const PLATFORM = bytesOf(RESERVED_PREFIX);
const TRUE = bytesOf('true');
const FALSE = bytesOf('false');
const NULL = bytesOf('null');

/** Where the JSON value at `at` ends, which may open `levels`; -1: it is not plain. */
function jsonEnd(data: Uint8Array, at: number, end: number, levels: number): number {
  switch (data[at]) {
    case QUOTE:
      return textEnd(data, at, end);
    case OPEN:
    case OPEN_LIST:
      return levels === 0 ? -1 : membersEnd(data, at, end, levels - 1);
    case TRUE[0]:
      return isAt(data, at, TRUE) ? at + TRUE.length : -1;
    case FALSE[0]:
      return isAt(data, at, FALSE) ? at + FALSE.length : -1;
    case NULL[0]:
      return isAt(data, at, NULL) ? at + NULL.length : -1;
    default:
      return numberEnd(data, at, end);
  }
}

/** Where the object or list at `from` ends. */
function membersEnd(data: Uint8Array, from: number, end: number, levels: number): number {
  const isObject = data[from] === OPEN;
  // The closing brackets lie two behind the opening ones.
  const close = (data[from] as number) + 2;
  let at = from + 1;
  if (data[at] === close) return at + 1;
  for (;;) {
    if (isObject) {
      at = textEnd(data, at, end);
      if (at < 0 || data[at++] !== COLON) return -1;
    }
    at = jsonEnd(data, at, end, levels);
    if (at < 0 || at >= end) return -1;
    const next = data[at++];
    if (next === close) return at;
    if (next !== COMMA) return -1;
  }
}

/** Where the text in quotes at `at` ends; -1: there is none, or it has an escape, a control character or DEL. */
function textEnd(data: Uint8Array, at: number, end: number): number {
  if (data[at] !== QUOTE) return -1;
  for (let i = at + 1; i < end; i++) {
    const byte = data[i] as number;
    if (byte === QUOTE) return i + 1;
    if (byte < 0x20 || byte === 0x5c || byte === 0x7f) return -1;
  }
  return -1;
}

/** Where the integer at `at` ends; -1: there is none, or it has zeros before it, or is -0. */
function wholeEnd(data: Uint8Array, at: number, end: number): number {
  const first = data[at] === MINUS ? at + 1 : at;
  const stop = digitsEnd(data, first, end);
  const isPadded = data[first] === ZERO && (stop > first + 1 || first > at);
  return stop === first || isPadded ? -1 : stop;
}

/** Where the number at `at` ends, which may have a point; -1: there is none, or one with an exponent. */
function numberEnd(data: Uint8Array, at: number, end: number): number {
  const isBelowOne = data[at] === MINUS && data[at + 1] === ZERO;
  const whole = wholeEnd(data, isBelowOne ? at + 1 : at, end);
  if (whole < 0 || data[whole] !== POINT) return whole;
  const stop = digitsEnd(data, whole + 1, end);
  return stop === whole + 1 ? -1 : stop;
}

function digitsEnd(data: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (data[at] as number) >= ZERO && (data[at] as number) <= 0x39) at++;
  return at;
}

function hasOnlyAscii(data: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((data[i] as number) > 0x7e) return false;
  return true;
}

function isAt(data: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (data[at + i] !== bytes[i]) return false;
  return true;
}

function headAt(data: Uint8Array, at: number): number {
  return (
    (data[at] as number) | ((data[at + 1] as number) << 8) | ((data[at + 2] as number) << 16) | ((data[at + 3] as number) << 24)
  );
}

interface Names {
  /** The text of the bytes `[from, to)`, where it was kept and has not been replaced since. */
  textAt(data: Uint8Array, from: number, to: number): string | undefined;
  keep(text: string): string;
}

const SLOTS = 1_024;

/**
 * Texts that many events share, each once in memory: a cache, in which a text takes the place of another that falls on its slot. By their bytes,
 * whatever these are, for names stay in timelines for long: those of `signals` and `store` spare one call the making of ASCII texts.
 */
function createNames(): Names {
  const texts: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  const bytes: Uint8Array[] = new Array(SLOTS).fill(new Uint8Array(0));

  return {
    textAt(data, from, to) {
      const slot = slotOf(data, from, to);
      const known = bytes[slot] as Uint8Array;
      return known.length === to - from && isAt(data, from, known) ? texts[slot] : undefined;
    },
    keep(text) {
      const own = bytesOf(text);
      const slot = slotOf(own, 0, own.length);
      texts[slot] = text;
      bytes[slot] = own;
      return text;
    },
  };
}

function slotOf(data: Uint8Array, from: number, to: number): number {
  const mixed =
    (data[from] as number) +
    (data[(from + to) >>> 1] as number) * 7 +
    (data[to - 1] as number) * 31 +
    (data[to > from + 1 ? to - 2 : from] as number) * 131 +
    (to - from) * 17;
  return mixed & (SLOTS - 1);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function indexOf(field: Field): number {
  return EVENT_FIELDS.indexOf(field);
}

function bitsOf(fields: readonly Field[]): number {
  return fields.reduce((bits, field) => bits | (1 << indexOf(field)), 0);
}
