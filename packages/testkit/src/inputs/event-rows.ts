/** Events as rows of SQL, by the table of fields: what tests fill relations with that stand for a generation's events. */
import { TIMELINE_COLUMNS } from '@tributary/archive/layout';
import type { Event } from '@tributary/model/event';
import { FIELDS, fieldsWith } from '@tributary/model/event-fields';
import { userKeyOf } from '@tributary/model/user-key';

type Columns = Readonly<Record<string, string>>;

/** Columns that `eventRow` fills. */
export const EVENT_ROW_COLUMNS: Columns = { user_key: 'VARCHAR', ...TIMELINE_COLUMNS };

/** What a generation keeps of an event. */
export function eventRow(event: Event): Readonly<Record<string, unknown>> {
  const kept = fieldsWith({ timeline: true }).map((field) => [FIELDS[field].column, event[field]]);
  return { user_key: userKeyOf(event), ...Object.fromEntries(kept) };
}

/** A query that gives the JSON array `$rows` as rows of these columns. */
export function rowsSql(columns: Columns): string {
  return `SELECT unnest(from_json($rows::JSON, '${JSON.stringify([columns])}'), recursive := true)`;
}
