/**
 * The event and its one canonical encoding.
 *
 * An event travels as a *line*: canonical JSON without a newline, `ts`, `type` and `id` first, in that order. The
 * collector writes the line, the log carries it, the speed layer appends its bytes to the user's record, the API sends
 * those bytes: no reader re-encodes. Because the first three keys are fixed, readers select by time and type without
 * parsing (`lineTs`, `lineType`).
 */
import { FIELD_ROWS, type FIELDS, type Field } from './event-fields.ts';

/** What a value of each type is in a line. */
interface Values {
  readonly instant: number;
  readonly text: string;
  readonly amount: number;
  readonly currency: string;
  readonly flag: true;
  readonly object: Readonly<Record<string, unknown>>;
}
type Fields = typeof FIELDS;
type Required = { readonly [K in keyof Fields as Fields[K] extends { required: true } ? K : never]: Values[Fields[K]['type']] };
type Optional = { readonly [K in keyof Fields as Fields[K] extends { required: true } ? never : K]?: Values[Fields[K]['type']] };

/** An immutable fact. Instants in epoch ms UTC; money in integer minor units of `currency`. */
export interface Event extends Required, Optional {}

/** The keys of an event in canonical order. */
export const EVENT_FIELDS: readonly Field[] = FIELD_ROWS.map(([field]) => field);

/** The canonical line of a valid event; absent fields are left out. */
export function encodeEvent(event: Event): string {
  const ordered: Record<string, unknown> = {};
  for (const field of EVENT_FIELDS) {
    const value = event[field];
    if (value !== undefined && value !== null) ordered[field] = value;
  }
  return JSON.stringify(ordered);
}

const TS_AT = '{"ts":'.length;

/** The `ts` of a canonical line, in epoch ms, without parsing the JSON; NaN when the line is not canonical. */
export function lineTs(line: string): number {
  if (!line.startsWith('{"ts":')) return Number.NaN;
  const end = line.indexOf(',', TS_AT);
  return end < 0 ? Number.NaN : Number(line.slice(TS_AT, end));
}
