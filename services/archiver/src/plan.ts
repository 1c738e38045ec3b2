/**
 * Which rows go through one COPY. DuckDB holds buffers for every file that it writes side by side: sixteen partitions over a
 * month are 480 files, a year of imported history is 5 840. So the work is cut into parts with few files and bounded bytes.
 */
import type { Spool } from './spool.ts';

/** Days `[fromDay, toDay]` of one spool, both included; `rows` as counted while spooling. */
export interface Part {
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
  for (const [day, rows] of [...spool.rowsByDay].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const last = parts.at(-1);
    if (last !== undefined && last.files < limits.files && last.rows + rows <= limits.rows)
      parts[parts.length - 1] = { ...last, toDay: day, files: last.files + 1, rows: last.rows + rows };
    else parts.push({ spool, fromDay: day, toDay: day, files: 1, rows });
  }
  return parts;
}
