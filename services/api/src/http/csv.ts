import { csvText } from '@tributary/contract/shapes/csv';
import type { Integer } from '@tributary/model/integer';

export function csvOf(columns: readonly string[], rows: readonly Readonly<Record<string, string | Integer | null>>[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))];
  return lines.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(value: string | Integer): string {
  return typeof value === 'string' ? csvText(value) : String(value);
}
