/**
 * Reading signals from a user's record without parsing JSON: lines are selected by their fixed beginning
 * `{"ts":<digits>,"type":"…","id":"…"` and passed on as the bytes they were stored as.
 *
 * Law 3 asks about every id of the record, not only about those selected: the first arrival of an id may lie anywhere
 * before its duplicate and have any `ts`. So each line's beginning (some 70 bytes) is read once, and its id goes as a
 * hash into a table; equal hashes are settled by comparing bytes. Nothing is allocated for a line that is not selected.
 * Senders choose ids, and may crowd a part of the table: ids that find no place near theirs are kept as text, in a set whose hash they do not know.
 */

export interface SignalSelection {
  readonly limit: number;
  /** Event types to keep; undefined keeps all. */
  readonly names?: ReadonlySet<string>;
  /** `[fromMs, toMs)`. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only signals that sort strictly before this one (the next page, newest first). */
  readonly before?: { readonly ts: number; readonly id: string };
}

/** A signal within a record: `[start, end)` are the bytes of its JSON, the byte at `end` is a newline. */
export interface SignalSlice {
  readonly ts: number;
  readonly start: number;
  readonly end: number;
  readonly type: string;
  /** Where the line goes on after its id: the byte there is a comma, or the last brace. */
  readonly restAt: number;
}

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const TS_AT = '{"ts":'.length;
/** From the comma after `ts` to the type, from the quote after the type to the id. */
const TYPE_AFTER = ',"type":"'.length;
const ID_AFTER = '","id":"'.length;
/** Every valid line has more bytes, so a record holds at most its length by this: the bound of all tables. */
const SHORTEST_LINE = 48;
/** Places of the table that are looked at for one id. Random ids pass this once in 10^9 where half of the table is taken. */
const MOST_PROBES = 64;

export interface NewestSignals {
  /** Newest first by `(ts, id)`; of duplicates by id the first arrival. */
  readonly slices: readonly SignalSlice[];
  /** Whether the record holds lines that are too short for events: marks of what it lost. */
  readonly hasMarks: boolean;
  /** When the newest event before `toMs` happened, of any type, epoch ms; -1: there is none. */
  readonly newestTs: number;
  /** Whether an event happened at `toMs` or later. */
  readonly hasLater: boolean;
}

/** The newest signals that the selection keeps. */
export function newestSignals(record: Buffer, selection: SignalSelection): NewestSignals {
  const slices: SignalSlice[] = [];
  const { hasMarks, newestTs, hasLater } = walkNewest(record, selection, ({ ts, start, end, type, restAt }) => {
    slices.push({ ts, start, end, type, restAt });
    return true;
  });
  return { slices, hasMarks, newestTs, hasLater };
}

/**
 * The same signals one after the other, until `visit` wants no more. It is given one object, which says something else with the next signal: an
 * object for each costs as much as to find them. It must not look at another record.
 */
export function walkNewest(
  record: Buffer,
  selection: SignalSelection,
  visit: (signal: SignalSlice) => boolean,
): Omit<NewestSignals, 'slices'> {
  const { keeps, hasMarks, newestTs, hasLater } = keepSelected(record, selection);
  const { starts, ends, types, idEnds, instants, kept } = scratch;
  const signal = { ts: 0, start: 0, end: 0, type: '', restAt: 0 };
  const last = Math.max(0, keeps - selection.limit);
  for (let i = keeps - 1; i >= last; i--) {
    const line = kept[i] as number;
    signal.ts = instants[line] as number;
    signal.start = starts[line] as number;
    signal.end = ends[line] as number;
    signal.type = types[line] as string;
    signal.restAt = (idEnds[line] as number) + 1;
    if (!visit(signal)) break;
  }
  return { hasMarks, newestTs, hasLater };
}

/** Where signals lie in their records, those of one record behind those of another: the bytes of one are `[starts[i], ends[i])`. */
export interface SignalPlaces {
  starts: Int32Array;
  ends: Int32Array;
  length: number;
}

export interface PlacedSignals extends Pick<NewestSignals, 'hasMarks'> {
  /** The first of their places. */
  readonly first: number;
  readonly count: number;
  /** When the last of them happened, epoch ms; undefined: there is none. */
  readonly oldestTs: number | undefined;
}

/** What is kept for the next records has room for at most this many places. */
const MOST_KEPT = 64 * 1024;

export function clearPlaces(places: SignalPlaces): void {
  if (places.starts.length > MOST_KEPT) Object.assign(places, createPlaces());
  places.length = 0;
}

export function createPlaces(): SignalPlaces {
  return { starts: new Int32Array(1_024), ends: new Int32Array(1_024), length: 0 };
}

/** The same signals as `newestSignals`, added to places: for many users an object a signal is more than all else that a request makes. */
export function placeNewest(record: Buffer, selection: SignalSelection, places: SignalPlaces): PlacedSignals {
  const { keeps, hasMarks } = keepSelected(record, selection, selection.names !== undefined);
  const { starts, ends, instants, kept } = scratch;
  const count = Math.min(keeps, selection.limit);
  const first = places.length;
  while (places.starts.length < first + count) {
    places.starts = twice(places.starts);
    places.ends = twice(places.ends);
  }
  for (let i = 0; i < count; i++) {
    const line = kept[keeps - 1 - i] as number;
    places.starts[first + i] = starts[line] as number;
    places.ends[first + i] = ends[line] as number;
  }
  places.length = first + count;
  return { first, count, oldestTs: count === 0 ? undefined : instants[kept[keeps - count] as number], hasMarks };
}

function twice(column: Int32Array): Int32Array {
  const larger = new Int32Array(2 * column.length);
  larger.set(column);
  return larger;
}

/** Puts the lines that the selection keeps, but for its limit, into `scratch.kept`, in order. `readsTypes`: else their types are not known. */
function keepSelected(record: Buffer, selection: SignalSelection, readsTypes = true) {
  const { names, fromMs = 0, toMs = Number.POSITIVE_INFINITY, before } = selection;
  const { starts, ends, types, ids, idEnds, hashes, instants, kept, slots, mask } = scratchFor(record.length);
  let crowded: Set<string> | undefined;
  let lines = 0;
  let keeps = 0;
  let inOrder = true;
  let hasMarks = false;
  let newestTs = -1;
  let hasLater = false;
  for (let start = 0; start < record.length; ) {
    const end = record.indexOf(NEWLINE, start);
    if (end < 0) break;
    const lineStart = start;
    start = end + 1;
    if (end - lineStart < SHORTEST_LINE) {
      hasMarks = true;
      continue;
    }

    let at = lineStart + TS_AT;
    let ts = 0;
    for (let byte = record[at] as number; byte !== COMMA && at < end; byte = record[++at] as number) ts = ts * 10 + byte - ZERO;
    const typeStart = at + TYPE_AFTER;
    at = typeStart;
    for (let byte = record[at] as number; byte !== QUOTE && at < end; byte = record[++at] as number) if (byte === BACKSLASH) at++;
    const typeEnd = at;
    const idStart = at + ID_AFTER;
    at = idStart;
    let hash = FNV_OFFSET;
    for (let byte = record[at] as number; byte !== QUOTE && at < end; byte = record[++at] as number)
      hash = Math.imul(hash ^ byte, FNV_PRIME);

    // An open-addressing table of lines + 1; 0 is free. It is never more than half full.
    let slot = (hash ^ (hash >>> 15)) & mask;
    let known = slots[slot] as number;
    let probes = 0;
    while (
      known !== 0 &&
      !(hashes[known - 1] === hash && isSame(record, ids[known - 1] as number, idEnds[known - 1] as number, idStart, at)) &&
      ++probes < MOST_PROBES
    ) {
      slot = (slot + 1) & mask;
      known = slots[slot] as number;
    }
    if (probes === MOST_PROBES) {
      const id = record.toString('latin1', idStart, at);
      crowded ??= new Set();
      if (crowded.has(id)) continue;
      crowded.add(id);
    } else if (known !== 0) continue;
    else slots[slot] = lines + 1;
    const line = lines++;
    hashes[line] = hash;
    ids[line] = idStart;
    idEnds[line] = at;

    if (ts >= toMs) {
      hasLater = true;
      continue;
    }
    if (ts > newestTs) newestTs = ts;
    if (ts < fromMs) continue;
    const type = readsTypes ? typeText(record, typeStart, typeEnd) : '';
    if (names !== undefined && !names.has(type)) continue;
    if (before !== undefined && (ts > before.ts || (ts === before.ts && record.toString('latin1', idStart, at) >= before.id)))
      continue;
    starts[line] = lineStart;
    ends[line] = end;
    instants[line] = ts;
    types[line] = type;
    if (inOrder && keeps > 0) {
      const previous = kept[keeps - 1] as number;
      const previousTs = instants[previous] as number;
      inOrder = previousTs < ts || (previousTs === ts && compareIds(record, previous, line) < 0);
    }
    kept[keeps++] = line;
  }
  if (!inOrder)
    kept.subarray(0, keeps).sort((a, b) => (instants[a] as number) - (instants[b] as number) || compareIds(record, a, b));
  return { keeps, hasMarks, newestTs, hasLater };
}

/** When a signal happened, epoch ms: cursors name it. */
export function signalTs(record: Buffer, { start }: Pick<SignalSlice, 'start'>): number {
  return Number(record.toString('latin1', start + TS_AT, record.indexOf(COMMA, start)));
}

/** Its id: cursors name it as well. */
export function signalId(record: Buffer, { start }: Pick<SignalSlice, 'start'>): string {
  const typeStart = record.indexOf(COMMA, start) + TYPE_AFTER;
  let typeEnd = typeStart;
  while (record[typeEnd] !== QUOTE) typeEnd += record[typeEnd] === BACKSLASH ? 2 : 1;
  const idStart = typeEnd + ID_AFTER;
  return record.toString('latin1', idStart, record.indexOf(QUOTE, idStart));
}

/** 32-bit FNV-1a. */
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** What one call notes about the lines of a record, by line; kept for the next call, which never overlaps this one. */
interface Scratch {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly types: string[];
  /** Where ids start and end. */
  readonly ids: Int32Array;
  readonly idEnds: Int32Array;
  readonly hashes: Int32Array;
  readonly instants: Float64Array;
  /** Lines that the selection keeps, in the order of arrival. */
  readonly kept: Int32Array;
  slots: Int32Array;
  mask: number;
}

let scratch = createScratch(1_024);

function createScratch(lines: number): Scratch {
  const column = () => new Int32Array(lines);
  const [starts, ends, ids, idEnds, hashes, kept] = [column(), column(), column(), column(), column(), column()];
  const instants = new Float64Array(lines);
  return { starts, ends, types: [], ids, idEnds, hashes, instants, kept, slots: new Int32Array(2 * lines), mask: 0 };
}

/** Room for every line of a record, with an empty table. Never larger than the largest record was. */
function scratchFor(recordBytes: number): Scratch {
  let lines = 64;
  while (lines * SHORTEST_LINE <= recordBytes) lines *= 2;
  if (scratch.starts.length < lines) scratch = createScratch(lines);
  scratch.mask = 2 * lines - 1;
  scratch.slots.fill(0, 0, 2 * lines);
  return scratch;
}

function isSame(bytes: Buffer, aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let a = aStart, b = bStart; a < aEnd; a++, b++) if (bytes[a] !== bytes[b]) return false;
  return true;
}

/** Ids are ASCII: the order of their bytes is that of the strings. */
function compareIds(record: Buffer, a: number, b: number): number {
  const { ids, idEnds } = scratch;
  return record.compare(record, ids[b], idEnds[b], ids[a], idEnds[a]);
}

/** Types are few, and mostly seen before: the last one of each place is kept as text. By three bytes: a type is asked for in every line of a record. */
const TYPES: (string | undefined)[] = new Array<undefined>(256).fill(undefined);

function typeText(bytes: Buffer, from: number, to: number): string {
  const place = ((bytes[from] as number) * 7 + (bytes[to - 1] as number) * 31 + (to - from) * 3) & 255;
  const known = TYPES[place];
  if (known !== undefined && isText(bytes, from, to, known)) return known;
  const text = textOf(bytes, from, to);
  // As many characters as bytes: ASCII without an escape.
  if (text.length === to - from) TYPES[place] = text;
  return text;
}

/** `text`: ASCII. */
function isText(bytes: Buffer, from: number, to: number, text: string): boolean {
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** A type name as text; only the rare escaped one is decoded as JSON. */
function textOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}
