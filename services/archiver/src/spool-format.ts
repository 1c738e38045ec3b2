/**
 * The spool: rows on their way to Parquet, as tab-separated text without quoting. That is sound because validated text
 * holds no control character and is never empty, and JSON text holds no raw one: an empty field is always NULL. The first
 * column is a number, so that no file starts with what a reader would take for a byte order mark.
 */
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import { type Place, placesOf } from '@tributary/log/line-places';
import type { LogEntry } from '@tributary/log/port';
import { EVENT_FIELDS, type Event } from '@tributary/model/event';
import type { Field } from '@tributary/model/event-fields';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { dayOf } from '@tributary/model/time';

type EventColumn = keyof typeof EVENT_COLUMNS;

/** `day` is for filing only; the archive does not repeat it within its files. */
export const SPOOL_COLUMNS: Readonly<Record<EventColumn | 'day', string>> = {
  partition: 'INTEGER',
  day: 'VARCHAR',
  position: 'VARCHAR',
  entry_index: 'INTEGER',
  ...withoutPlace(EVENT_COLUMNS),
};

function withoutPlace({ partition: _, position: __, entry_index: ___, ...rest }: typeof EVENT_COLUMNS) {
  return rest;
}

/** Lines of one partition, in log order. */
export interface SpoolText {
  /** Rows, each ending in "\n". */
  readonly rows: string[];
  /** Records that were not events, as JSON lines with position, reason and the raw text. */
  readonly dead: string[];
  readonly rowsByDay: Map<string, number>;
  /** UTF-16 units of the longest row, and of all together. */
  longestRow: number;
  units: number;
}

export function emptySpoolText(): SpoolText {
  return { rows: [], dead: [], rowsByDay: new Map(), longestRow: 0, units: 0 };
}

/** Adds the events of an entry: law 6, a record that is none is kept raw. */
export function addEvents(text: SpoolText, entry: LogEntry, partitions: number): void {
  const lines = entry.body.split('\n');
  const placeOf = placesOf(entry);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    const place = placeOf(index);
    const decoded = decodeLine(line, entry.partition, partitions, entry.appendedMs);
    if (!decoded.ok) {
      addDead(text, entry.kind, place, decoded, line);
      continue;
    }
    const day = dayOf(decoded.event.ts);
    const row = spoolRow(decoded.event, decoded.userKey, day, entry.partition, place);
    if (row.length > text.longestRow) text.longestRow = row.length;
    text.units += row.length;
    text.rows.push(row);
    text.rowsByDay.set(day, (text.rowsByDay.get(day) ?? 0) + 1);
  }
}

interface Refused {
  readonly code: string;
  readonly message: string;
}

export function addDead(text: SpoolText, kind: LogEntry['kind'], place: Place, refused: Refused, raw: string): void {
  const { code, message } = refused;
  const line = `${JSON.stringify({ position: place.position, entryIndex: place.line, kind, code, message, raw })}\n`;
  text.units += line.length;
  text.dead.push(line);
}

/** In the order of `SPOOL_COLUMNS`. */
function spoolRow(event: Event, userKey: string, day: string, partition: number, { position, line }: Place): string {
  const cells: unknown[] = [...EMPTY];
  // Over what is there: to look for each field that may be there takes longer.
  for (const field in event) {
    const at = CELL.get(field);
    if (at === undefined) continue;
    const value = event[field as Field];
    cells[at] = typeof value === 'object' ? JSON.stringify(value) : value;
  }
  return `${partition}\t${day}\t${position}\t${line}\t${userKey}\t${cells.join('\t')}\n`;
}

const CELL: ReadonlyMap<string, number> = new Map(EVENT_FIELDS.map((field, at) => [field, at]));
const EMPTY: readonly string[] = EVENT_FIELDS.map(() => '');
