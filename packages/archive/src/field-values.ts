/** Columns of archived events back as fields. */
import { EVENT_FIELDS, type Event } from '@tributary/model/event';
import { FIELDS, type FieldRow } from '@tributary/model/event-fields';
import type { SqlRow, SqlValue } from './duckdb.ts';
import { safeInteger } from './views.ts';

/** A column's value as the event has it, by the type of its field. */
export const READ_FIELD: Readonly<Record<FieldRow['type'], (value: SqlValue, column: string) => unknown>> = {
  instant: safeInteger,
  amount: safeInteger,
  text: String,
  currency: String,
  flag: Boolean,
  object: (value) => JSON.parse(String(value)),
};

/** The event whose columns a row has, beside others. */
export function eventOfRow(row: SqlRow): Event {
  const event: Record<string, unknown> = {};
  for (const field of EVENT_FIELDS) {
    const { column, type } = FIELDS[field];
    const value = row[column] ?? null;
    if (value !== null) event[field] = READ_FIELD[type](value, column);
  }
  return event as unknown as Event;
}
