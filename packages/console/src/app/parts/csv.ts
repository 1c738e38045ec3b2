/** Rows of a table as CSV: the same columns, with figures as they are and not as people read them. */
import { csvCell, csvText } from '@tributary/contract/shapes/csv';

export interface RawColumn<Row> {
  readonly head: string;
  /** In the file, where figures are in other units than people read: minor units of money, micro-credits. */
  readonly fileHead?: string;
  /** Absent: the column is not in the file. */
  readonly raw?: (row: Row) => unknown;
}

export function csvOf<Row>(columns: readonly RawColumn<Row>[], rows: readonly Row[]): string {
  const kept = columns.filter(({ raw }) => raw !== undefined);
  const lines = rows.map((row) =>
    kept.map(({ raw }) => {
      const value = raw?.(row);
      if (value === null || value === undefined) return '';
      return typeof value === 'number' || typeof value === 'bigint' ? csvCell(String(value)) : csvText(String(value));
    }),
  );
  return [kept.map(({ head, fileHead }) => csvCell(fileHead ?? head)), ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}
