/**
 * The rows of a commit as commit.lua takes them, in one argument: Redis then parses one text, not three arguments a row. Rows whose keys are in parts
 * (parted-rows.ts) are written as bytes, part by part: the same JSON.
 */
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { PartedRows, type Parts } from '@tributary/views/parted-rows';
import { toJsonMeasure } from '../format/words.ts';
import type { Argument } from '../redis/packed-call.ts';
import { Bytes, FRAME, Written } from './bytes.ts';

export function deltasJson(deltas: RowsByView): Argument {
  const plain: (string | number | RowOfJson)[] = [];
  const parted: [view: string, Parts][] = [];
  for (const [view, rows] of deltas) {
    if (rows.size === 0) continue;
    const parts = rows instanceof PartedRows ? rows.parts() : null;
    if (parts === null) addView(plain, view, rows);
    else parted.push([view, parts]);
  }
  // One call for all views: of a small commit each has two rows or so.
  const json = JSON.stringify(plain);
  return parted.length === 0 ? json : partedJson(json, plain.length > 0, parted);
}

type RowOfJson = (string | ReturnType<typeof toJsonMeasure>)[];

function addView(plain: (string | number | RowOfJson)[], view: string, rows: Rows): void {
  const flat: RowOfJson = [];
  let measuresPerRow = 0;
  for (const [key, measures] of rows) {
    measuresPerRow = measures.length;
    flat.push(key);
    for (const measure of measures) flat.push(toJsonMeasure(measure));
  }
  plain.push(view, measuresPerRow, flat);
}

/** `json`: of the other views, if there are any. */
function partedJson(json: string, hasOthers: boolean, parted: readonly (readonly [view: string, Parts])[]): Buffer {
  const bytes = new Bytes();
  bytes.text(json.slice(0, -1));
  for (const [i, [view, parts]] of parted.entries()) {
    bytes.text(`${i === 0 && !hasOthers ? '' : ','}${JSON.stringify(view)},${parts.width},[`);
    writeRows(bytes, parts);
    bytes.text(']');
  }
  bytes.text(']');
  return bytes.written();
}

const [QUOTE, COMMA, BACKSLASH, LETTER_T] = [0x22, 0x2c, 0x5c, 0x74];
/** Digits of a safe integer, and a comma. */
const MOST_DIGITS = 17;

function writeRows(bytes: Bytes, { rows, width, heads, names, tails, keys, measures }: Parts): void {
  const writtenHeads = new Written(heads, inJson);
  const writtenNames = new Written(names, inJson);
  for (let row = 0; row < rows; row++) {
    const tail = tails[keys[3 * row + 2] as number] as string;
    if (row > 0) bytes.byte(COMMA);
    bytes.byte(QUOTE);
    writtenHeads.write(bytes, keys[3 * row] as number);
    bytes.byte(BACKSLASH);
    bytes.byte(LETTER_T);
    writtenNames.write(bytes, keys[3 * row + 1] as number);
    bytes.room(FRAME + 2 * tail.length + width * MOST_DIGITS);
    bytes.tail(tail);
    bytes.byte(QUOTE);
    for (let i = width * row; i < width * (row + 1); i++) {
      bytes.byte(COMMA);
      bytes.number(measures[i] as number);
    }
  }
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
