/**
 * Reading signals from a user's record without parsing JSON: lines are selected by their fixed beginning
 * `{"ts":<digits>,"type":"…","id":"…"` and passed on as the bytes they were stored as.
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

/** A signal within a record: `[start, end)` are the bytes of its JSON. */
export interface SignalSlice {
  readonly ts: number;
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const TS_AT = '{"ts":'.length;
const TYPE_KEY = '"type":"'.length;
const ID_KEY = '"id":"'.length;

/** The newest signals that the selection keeps, newest first by `(ts, id)`; of duplicates by id the first arrival. */
export function newestSignals(record: Buffer, selection: SignalSelection): SignalSlice[] {
  const candidates: SignalSlice[] = [];
  const firstById = new Set<string>();
  const { names, fromMs = 0, toMs = Number.POSITIVE_INFINITY, before } = selection;
  let inOrder = true;
  let previous: SignalSlice | undefined;
  for (let start = 0; start < record.length; ) {
    const end = record.indexOf(NEWLINE, start);
    if (end < 0) break;
    const lineStart = start;
    start = end + 1;
    const comma = record.indexOf(COMMA, lineStart);
    const ts = digits(record, lineStart + TS_AT, comma);
    const typeEnd = closingQuote(record, comma + 1 + TYPE_KEY);
    const idStart = typeEnd + 2 + ID_KEY;
    const id = record.toString('latin1', idStart, record.indexOf(QUOTE, idStart));
    if (firstById.has(id)) continue;
    firstById.add(id);
    if (ts < fromMs || ts >= toMs) continue;
    if (names !== undefined && !names.has(textOf(record, comma + 1 + TYPE_KEY, typeEnd))) continue;
    if (before !== undefined && !sortsBefore(ts, id, before)) continue;
    const slice: SignalSlice = { ts, id, start: lineStart, end };
    if (previous !== undefined && !sortsBefore(previous.ts, previous.id, slice)) inOrder = false;
    previous = slice;
    candidates.push(slice);
  }
  if (!inOrder) candidates.sort((a, b) => (sortsBefore(a.ts, a.id, b) ? -1 : 1));
  const newest: SignalSlice[] = [];
  for (let i = candidates.length - 1; i >= 0 && newest.length < selection.limit; i--) newest.push(candidates[i] as SignalSlice);
  return newest;
}

function sortsBefore(ts: number, id: string, than: { ts: number; id: string }): boolean {
  return ts < than.ts || (ts === than.ts && id < than.id);
}

function digits(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + ((bytes[i] as number) - 0x30);
  return value;
}

/** The index of the quote that ends the JSON string starting at `from`. */
function closingQuote(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(QUOTE, from);
  while (at > from && bytes[at - 1] === BACKSLASH && oddBackslashes(bytes, at - 1, from)) at = bytes.indexOf(QUOTE, at + 1);
  return at;
}

function oddBackslashes(bytes: Buffer, last: number, from: number): boolean {
  let count = 0;
  for (let i = last; i >= from && bytes[i] === BACKSLASH; i--) count++;
  return count % 2 === 1;
}

/** A type name as text; only the rare escaped one is decoded as JSON. */
function textOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}
