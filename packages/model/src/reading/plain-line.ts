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
import type { WebType } from '../web.ts';
import {
  bytesOf,
  CLOSE,
  COMMA,
  hasOnlyAscii,
  headAt,
  isAt,
  jsonEnd,
  MINUS,
  NEWLINE,
  OPEN,
  QUOTE,
  TRUE,
  textEnd,
  wholeEnd,
  ZERO,
} from './plain-json.ts';
import { createNames } from './plain-names.ts';
import { createReportReader, type PlainReport } from './plain-report.ts';
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
  /** It was sent with the id of a user and with an anonymous one. */
  readonly hasBothIds: boolean;
  /** What a report of a page says, where reports were asked for and this reader is sure of all that it says. */
  readonly report?: PlainReport;
}

export interface PlainLineReader {
  /**
   * Takes in a text, one line or many: how many bytes of UTF-8 it has. As many as it has UTF-16 units: all of it is ASCII. -1: it is long,
   * and not ASCII; it was not taken in. `readsReports`: reports of pages are asked for.
   */
  open(text: string, readsReports?: boolean): number;
  /**
   * The line in the bytes `[from, to)` of the text, found in `partition` of `partitions`, which the log took at `appendedMs`; undefined
   * where `decodeLine` has to look. The text is well-formed Unicode.
   */
  read(from: number, to: number, partition: number, partitions: number, appendedMs: number): PlainLine | undefined;
  /** From now on these bytes are read, UTF-8, where they lie; nothing may change them meanwhile. */
  openBytes(bytes: Buffer, isAscii: boolean): void;
  /**
   * Where the line at `from` of these bytes ends, before its "\n", if `read` takes such a line wherever it was found; else -1. Its user's key then
   * lies in the bytes `[userFrom(), userTo())`.
   */
  eventEnd(from: number, appendedMs: number): number;
  userFrom(): number;
  userTo(): number;
}

type Kind = FieldRow['type'];
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
const [PAGE, ELEMENT, PROPERTIES] = [indexOf('page'), indexOf('element'), indexOf('properties')];
/** Types of what pages report that are read in place. */
const REPORTS = (['activity', 'page', 'click'] satisfies WebType[]).map((type) => bytesOf(`"${type}"`));

/** Room for texts up to this long is made whatever they hold, UTF-16 units. */
const LONG = 65_536;

/** Bytes into which texts are written, one over the other. */
function createRoom() {
  let data = Buffer.allocUnsafe(1 << 16);
  return {
    bytes: () => data,
    /** How many bytes of UTF-8 the text has; -1: it is long, and not ASCII. */
    write(text: string): number {
      const most = text.length * 3;
      const least = text.length <= LONG ? most : text.length + 8;
      if (data.length < least) data = Buffer.allocUnsafe(least);
      const written = data.write(text, 'utf8');
      return written === text.length || data.length >= most ? written : -1;
    },
  };
}

export function createPlainLineReader(): PlainLineReader {
  const room = createRoom();
  let data: Buffer = room.bytes();
  let isAscii = true;
  let seen = 0;
  /** Where the texts of the fields seen lie, without the quotes; their numbers. */
  const starts = new Int32Array(KEYS.length);
  const stops = new Int32Array(KEYS.length);
  const numbers = new Float64Array(KEYS.length);
  const names = createNames();
  const reports = createReportReader();
  let readsReports = false;
  let report: PlainReport | undefined;

  /** Where the line at `from` ends, if this reader is sure of it; else -1. No line has a control character, so none goes on into another one. */
  function lineEnd(from: number, end: number): number {
    if (data[from] !== OPEN) return -1;
    seen = 0;
    report = undefined;
    let at = from + 1;
    for (let field = 0; ; field++) {
      field = keyAt(data, at, field);
      if (field < 0) return -1;
      seen |= 1 << field;
      at = valueEnd(field, at + (KEYS[field] as Uint8Array).length, end);
      if (at < 0 || at >= end) return -1;
      const next = data[at++];
      if (next === CLOSE) break;
      if (next !== COMMA) return -1;
    }
    return (seen & REQUIRED) === REQUIRED && (has(USER) || has(ANONYMOUS)) ? at : -1;
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
        return isCurrency(data, at) ? kept(field, at + 1, at + 4) : -1;
      case 'flag':
        return isAt(data, at, TRUE) ? at + TRUE.length : -1;
      case 'object':
        return data[at] === OPEN ? objectEnd(field, at, end) : -1;
    }
  }

  function objectEnd(field: number, at: number, end: number): number {
    const isReport = readsReports && field === PROPERTIES && has(TYPE) && isReportAt(data, (starts[TYPE] as number) - 1);
    const stop = isReport ? reports.read(data, at, end, isAscii) : -1;
    if (stop < 0) return jsonEnd(data, at, end, EVENT_BOUNDS.propertyDepth);
    report = reports.report(has(PAGE) ? name(PAGE) : undefined, has(ELEMENT) ? name(ELEMENT) : undefined);
    return stop;
  }

  function fieldTextEnd(field: number, at: number, end: number): number {
    const stop = textEnd(data, at, end) - 1;
    const length = stop - at - 1;
    // A text has at least as many bytes as UTF-16 units.
    if (length < 1 || length > (LONGEST[field] as number)) return -1;
    if (IS_ASCII[field] && !isAscii && !hasOnlyAscii(data, at, stop)) return -1;
    if ((RESERVED[field] as readonly number[]).includes(data[at + 1] as number)) return -1;
    return kept(field, at + 1, stop);
  }

  /** Where the text ends with its quote. */
  function kept(field: number, from: number, to: number): number {
    starts[field] = from;
    stops[field] = to;
    return to + 1;
  }

  function integerEnd(field: number, at: number, end: number): number {
    const stop = wholeEnd(data, at, end);
    if (stop < 0) return -1;
    const number = integerAt(data, at, stop);
    numbers[field] = number;
    return number < (LEAST[field] as number) || number > (MOST[field] as number) ? -1 : stop;
  }

  const has = (field: number) => (seen & (1 << field)) !== 0;

  /** A text of its own: a part of a longer one would keep all of that in memory. */
  const text = (field: number) => data.toString(isAscii ? 'latin1' : 'utf8', starts[field], stops[field]);

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

  const user = () => (has(USER) ? USER : ANONYMOUS);

  /** What partitions say to each other has rules of its own. */
  const isEvent = (appendedMs: number) =>
    !isAt(data, starts[TYPE] as number, PLATFORM) && isInTime(numbers[TS] as number, numbers[RECEIVED] as number, appendedMs);

  return {
    open(opened, asksReports = false) {
      readsReports = asksReports;
      const written = room.write(opened);
      data = room.bytes();
      isAscii = written === opened.length;
      return written;
    },
    read(from, to, partition, partitions, appendedMs) {
      if (lineEnd(from, to) !== to || !isEvent(appendedMs)) return undefined;
      if (partitionOfBytes(data, starts[user()] as number, stops[user()] as number, partitions) !== partition) return undefined;
      const plain = { ok: true, event: event(), userKey: text(user()), hasBothIds: has(USER) && has(ANONYMOUS) } as const;
      return report === undefined ? plain : { ...plain, report };
    },
    openBytes(bytes, isAllAscii) {
      data = bytes;
      isAscii = isAllAscii;
    },
    eventEnd(from, appendedMs) {
      const to = lineEnd(from, data.length);
      return to >= 0 && data[to] === NEWLINE && isEvent(appendedMs) ? to : -1;
    },
    userFrom: () => starts[user()] as number,
    userTo: () => stops[user()] as number,
  };
}

function isInTime(ts: number, receivedAt: number, appendedMs: number): boolean {
  return ts <= receivedAt + EVENT_BOUNDS.futureMs && receivedAt <= appendedMs + EVENT_BOUNDS.futureMs;
}

const PLATFORM = bytesOf(RESERVED_PREFIX);

/** Whether one of their types stands at `at`, in quotes. */
function isReportAt(data: Uint8Array, at: number): boolean {
  for (const type of REPORTS) if (isAt(data, at, type)) return true;
  return false;
}

/** The first field from `field` on whose key stands at `at`; -1: none does. */
function keyAt(data: Uint8Array, at: number, field: number): number {
  const head = headAt(data, at + 1);
  for (let next = field; next < HEADS.length; next++)
    if (HEADS[next] === head && isAt(data, at, KEYS[next] as Uint8Array)) return next;
  return -1;
}

/** Infinity: it has more digits than are exact. */
function integerAt(data: Uint8Array, from: number, to: number): number {
  const first = data[from] === MINUS ? from + 1 : from;
  if (to - first > MOST_DIGITS) return Number.POSITIVE_INFINITY;
  let number = 0;
  for (let i = first; i < to; i++) number = number * 10 + (data[i] as number) - ZERO;
  return first > from ? -number : number;
}

function isCurrency(data: Uint8Array, at: number): boolean {
  if (data[at] !== QUOTE || data[at + 4] !== QUOTE) return false;
  for (let i = at + 1; i < at + 4; i++) if ((data[i] as number) < 0x41 || (data[i] as number) > 0x5a) return false;
  return true;
}
function indexOf(field: Field): number {
  return EVENT_FIELDS.indexOf(field);
}

function bitsOf(fields: readonly Field[]): number {
  return fields.reduce((bits, field) => bits | (1 << indexOf(field)), 0);
}
