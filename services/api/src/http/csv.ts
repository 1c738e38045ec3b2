import type { Integer } from '@tributary/model/integer';

/** RFC 4180 text. Spreadsheets run cells that begin with = + - @ as formulas: such text is led by an apostrophe. */

const FORMULA = /^[=+\-@\t\r]/;

export function csvOf(columns: readonly string[], rows: readonly Readonly<Record<string, string | Integer | null>>[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))];
  return lines.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(value: string | Integer): string {
  if (typeof value !== 'string') return String(value);
  const inert = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
