/** Columns of archived events back as fields. */
import type { FieldRow } from '@tributary/model/event-fields';
import type { SqlValue } from './duckdb.ts';
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
