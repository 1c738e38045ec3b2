/**
 * Archived lines of a log in which each line has a position of its own (`firstLine` of an entry). The archive keeps that position and not the entry in
 * which the archiver read the line, so lines are put into entries here, wherever these end: places stay what they were.
 */
import { placesOf } from '@tributary/log/line-places';
import type { Position } from '@tributary/log/port';
import type { ReadEntry } from './decode.ts';

/** An entry costs more than a line. */
const MOST_LINES = 32;
const IS_NUMBER = /^\d+$/;

/** Entries of one line each, which follow one another, in entries of several. */
export function together(entries: readonly ReadEntry[]): ReadEntry[] {
  const joined: ReadEntry[] = [];
  let run: ReadEntry[] = [];
  const flush = () => {
    joined.push(...(run.length > 1 ? [entryOf(run)] : run));
    run = [];
  };
  for (const entry of entries) {
    if (!isAlone(entry) || run.length === MOST_LINES) flush();
    if (isAlone(entry)) run.push(entry);
    else joined.push(entry);
  }
  flush();
  return joined;
}

/** Versions before this one archived lines under the position of their entry, and a number. */
function isAlone({ position, kind, lineNumbers = [] }: ReadEntry): boolean {
  return kind === 'events' && lineNumbers.length === 1 && lineNumbers[0] === 0 && IS_NUMBER.test(position);
}

function entryOf(run: readonly ReadEntry[]): ReadEntry {
  const [first, last] = [run[0] as ReadEntry, run.at(-1) as ReadEntry];
  const numberOf = ({ position }: ReadEntry) => Number(position) - Number(first.position);
  return { ...last, firstLine: first.position, body: run.map(({ body }) => body).join('\n'), lineNumbers: run.map(numberOf) };
}

/** What of such an entry lies at or before a position; null: nothing does, or it is none. */
export function headUpTo(entry: ReadEntry, position: Position): ReadEntry | null {
  const { firstLine, lineNumbers = [], body } = entry;
  if (firstLine === undefined) return null;
  const placeOf = placesOf(entry);
  const count = lineNumbers.filter((number) => placeOf(number).position <= position).length;
  if (count === 0) return null;
  const lines = body.split('\n').slice(0, count);
  return { ...entry, position, body: lines.join('\n'), lineNumbers: lineNumbers.slice(0, count) };
}
