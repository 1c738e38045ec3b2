/**
 * The rows of a large commit as commit.lua takes them, as MessagePack: what is new in the store is stored as it comes, and no number is read as text.
 * Small commits go as JSON (deltas-json.ts), for the feed takes their rows as they are.
 */
import type { Integer } from '@tributary/model/integer';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { PartedRows, type Parts } from '@tributary/views/parted-rows';
import { toJsonMeasure } from '../format/words.ts';
import { Bytes, FRAME } from './bytes.ts';
import { BYTE_TEXT, MOST_SHORT_TEXT, NARROW, NARROW_MAX, SHORT_TEXT, writeKeys, writeNarrow, writeText } from './packed-parts.ts';
import { writeBundle } from './write-bundle.ts';

/** From as many rows on: their JSON is longer than the feed takes. */
export const PACKED_ROWS = 1_024;

/** First bytes of what follows. */
const [LIST, SHORT_LIST, INTEGER] = [0xdd, 0xdc, 0xd3];
const MOST_BYTE_TEXT = 0xff;
const WORD = 2 ** 32;

/**
 * null: the rows are few, or one of them has no such form. `bundle`: the field that rows in parts go to, all of a view together (format/row-bundle.ts); null:
 * they are rows as all others.
 */
export function packedDeltas(deltas: RowsByView, bundle: string | null): Buffer | null {
  const views = [...deltas].filter(([, rows]) => rows.size > 0);
  if (views.reduce((sum, [, rows]) => sum + rows.size, 0) < PACKED_ROWS) return null;
  const bytes = new Bytes();
  startList(bytes, 4 * views.length);
  for (const [view, rows] of views) {
    const parts = rows instanceof PartedRows ? rows.parts() : null;
    if (!writeText(bytes, view)) return null;
    if (parts !== null && bundle !== null && writeBundleOf(bytes, parts, bundle)) continue;
    if (!(parts === null ? writeRows(bytes, rows) : writeParts(bytes, parts))) return null;
  }
  return bytes.written();
}

function writeRows(bytes: Bytes, rows: Rows): boolean {
  const [first = []] = rows.values();
  if (narrowBytes(first.length) > MOST_BYTE_TEXT) return false;
  startView(bytes, first.length, rows.size);
  let areTexts = true;
  // An iterator makes an object for each row.
  rows.forEach((_, key) => {
    if (!writeText(bytes, key)) areTexts = false;
  });
  startList(bytes, rows.size);
  rows.forEach((measures) => {
    writeMeasures(bytes, measures, 0, measures.length);
  });
  return areTexts;
}

/** A row for all of them; false: nothing is written. */
function writeBundleOf(bytes: Bytes, parts: Parts, bundle: string): boolean {
  const start = bytes.length;
  startView(bytes, parts.width, 1);
  if (writeText(bytes, bundle)) {
    startList(bytes, 1);
    if (writeBundle(bytes, parts)) return true;
  }
  bytes.length = start;
  return false;
}

function writeParts(bytes: Bytes, parts: Parts): boolean {
  const { rows, width, heads, names, measures } = parts;
  if (narrowBytes(width) > MOST_BYTE_TEXT) return false;
  if (![...heads, ...names].every((text) => text.isWellFormed())) return false;
  startView(bytes, width, rows);
  if (!writeKeys(bytes, parts)) return false;
  startList(bytes, rows);
  if (!writeNarrow(bytes, parts)) for (let at = 0; at < rows * width; at += width) writeMeasures(bytes, measures, at, at + width);
  return true;
}

function startView(bytes: Bytes, width: number, rows: number): void {
  bytes.room(FRAME);
  bytes.byte(width);
  startList(bytes, rows);
}

function startList(bytes: Bytes, items: number): void {
  bytes.room(FRAME);
  bytes.byte(LIST);
  bytes.int32(items);
}

function narrowBytes(width: number): number {
  return 1 + 4 * width;
}

/** Those of one row, `[from, to)` of them: a view of each would cost more than what it shows. */
function writeMeasures(bytes: Bytes, measures: ArrayLike<Integer>, from: number, to: number): void {
  bytes.room(FRAME + 3 * FRAME * (to - from + 1));
  for (let i = from; i < to; i++)
    if (!isNarrow(measures[i] as Integer)) {
      writeList(bytes, measures, from, to);
      return;
    }
  const size = narrowBytes(to - from);
  if (size <= MOST_SHORT_TEXT) bytes.byte(SHORT_TEXT + size);
  else {
    bytes.byte(BYTE_TEXT);
    bytes.byte(size);
  }
  bytes.byte(NARROW);
  bytes.int32sReversed(measures, from, to);
}

function isNarrow(measure: Integer): boolean {
  return typeof measure === 'number' && measure <= NARROW_MAX && measure >= -NARROW_MAX;
}

function writeList(bytes: Bytes, measures: ArrayLike<Integer>, from: number, to: number): void {
  bytes.byte(SHORT_LIST);
  bytes.uint16(to - from);
  for (let i = from; i < to; i++) {
    const measure = toJsonMeasure(measures[i] as Integer);
    if (typeof measure === 'number') writeInteger(bytes, measure);
    else {
      bytes.room(4 * FRAME);
      bytes.byte(SHORT_LIST);
      bytes.uint16(measure.length);
      for (const word of measure) writeInteger(bytes, word);
    }
  }
}

function writeInteger(bytes: Bytes, value: number): void {
  bytes.room(2 * FRAME);
  bytes.byte(INTEGER);
  bytes.int32(Math.floor(value / WORD));
  bytes.int32(value | 0);
}
