/**
 * Which rows go through one COPY. DuckDB holds buffers for every file that it writes side by side: sixteen partitions over a
 * month are 480 files, a year of imported history is 5 840. So the work is cut into parts with few files and bounded bytes.
 */
import type { Spool } from './spool.ts';

/**
 * A spool has a file for each of its newest days, older ones share a file a month, the oldest a file a year: events spread over thousands of
 * days would else be as many files, each of which is written, digested, read and verified by itself. Days with a file of their own begin with
 * the first that has `OWN_FILE_ROWS`, or with the last but one: a segment of a quarter of an hour has a few late events of each of many days,
 * and to open a file costs what reading these rows does.
 */
const DAY_FILES = 32;
const MONTH_FILES = 48;
const LEAST_DAY_FILES = 2;
const OWN_FILE_ROWS = 1_000;

/** What a file is filed under: this many characters of YYYY-MM-DD. */
export type DateLength = 4 | 7 | 10;

/** Days `[fromDay, toDay]` of one spool, both included, in files of one kind; `rows` as counted while spooling. */
export interface Part {
  readonly dateLength: DateLength;
  readonly spool: Spool;
  readonly fromDay: string;
  readonly toDay: string;
  readonly files: number;
  readonly rows: number;
}

export interface CopyLimits {
  /** Files written side by side. */
  readonly files: number;
  /** Rows of one COPY, unless a single day has more. */
  readonly rows: number;
}

export const COPY_LIMITS: CopyLimits = { files: 64, rows: 150_000 };

/** Parts that go through one COPY each; every day of every spool is in exactly one of them. */
export function planCopies(spools: readonly Spool[], limits: CopyLimits): Part[][] {
  const copies: Part[][] = [];
  let copy: Part[] = [];
  let files = 0;
  let rows = 0;
  for (const part of spools.flatMap((spool) => partsOf(spool, limits))) {
    if (copy.length > 0 && (files + part.files > limits.files || rows + part.rows > limits.rows)) {
      copies.push(copy);
      [copy, files, rows] = [[], 0, 0];
    }
    copy.push(part);
    files += part.files;
    rows += part.rows;
  }
  if (copy.length > 0) copies.push(copy);
  return copies;
}

/** A spool as few parts within the limits: it is read once for each. */
function partsOf(spool: Spool, limits: CopyLimits): Part[] {
  const parts: Part[] = [];
  const days = [...spool.rowsByDay.keys()].sort();
  const lengthOf = dateLengths(spool.rowsByDay);
  for (const day of days) {
    const rows = spool.rowsByDay.get(day) ?? 0;
    const dateLength = lengthOf(day);
    const last = parts.at(-1);
    const files = last?.toDay.slice(0, dateLength) === day.slice(0, dateLength) ? 0 : 1;
    if (last?.dateLength === dateLength && last.files + files <= limits.files && last.rows + rows <= limits.rows)
      parts[parts.length - 1] = { ...last, toDay: day, files: last.files + files, rows: last.rows + rows };
    else parts.push({ spool, dateLength, fromDay: day, toDay: day, files: 1, rows });
  }
  return parts;
}

/** `rowsByDay`: of one spool. */
export function dateLengths(rowsByDay: ReadonlyMap<string, number>): (day: string) => DateLength {
  const days = [...rowsByDay.keys()].sort();
  const newest = days.slice(-DAY_FILES);
  const firstOwnDay =
    newest.find((day, at) => newest.length - at <= LEAST_DAY_FILES || (rowsByDay.get(day) ?? 0) >= OWN_FILE_ROWS) ?? '';
  const firstOwnMonth = [...new Set(days.map((day) => day.slice(0, 7)))].at(-MONTH_FILES) ?? '';
  return (day) => (day >= firstOwnDay ? 10 : day >= firstOwnMonth ? 7 : 4);
}
