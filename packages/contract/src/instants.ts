/** Instants as clients write them: a number, as events have it, RFC 3339 with an offset, or a plain date (midnight UTC). */
import { EPOCH_FORMS, msOfNumber } from '@tributary/model/read-instant';
import { MAX_INSTANT_MS } from '@tributary/model/time';

const EPOCH = /^\d{1,16}$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:[Zz]|[+-](\d{2}):(\d{2}))$/;

export const INSTANT_HINT = `${EPOCH_FORMS}, RFC 3339 such as "2026-11-21T08:00:00Z", or a date such as "2026-11-21"`;

/** Epoch ms, or null when the text is none of the three forms or names no real instant. */
export function parseInstant(text: string): number | null {
  if (EPOCH.test(text)) return parseEpoch(Number(text));
  const match = DATE.exec(text) ?? RFC_3339.exec(text);
  if (match === null) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return null;
  // Date.parse rolls 30 February over to March: the calendar day must come back as it was written.
  const midnight = Date.UTC(year as number, (month as number) - 1, day);
  if (Number.isNaN(midnight) || !text.startsWith(new Date(midnight).toISOString().slice(0, 10))) return null;
  const ms = text.length === 10 ? midnight : Date.parse(text.replace(' ', 'T').toUpperCase());
  return Number.isNaN(ms) || ms < 0 || ms > MAX_INSTANT_MS ? null : ms;
}

/** Epoch ms of a number, by the one rule of all doors; null beyond the instants that there are. */
export function parseEpoch(value: number): number | null {
  const ms = msOfNumber(value);
  return ms === undefined || ms < 0 || ms > MAX_INSTANT_MS ? null : ms;
}

export const AGAINST_HINT = `"previous", or FROM/TO of an earlier range such as "2026-10-01/2026-11-01", each ${INSTANT_HINT}`;

/** previous: the window of equal length right before; else a range of instants, `[from, to)`. */
export type Against = 'previous' | { readonly from: number; readonly to: number };

/** null: the text is neither. */
export function parseAgainst(text: string): Against | null {
  if (text === 'previous') return text;
  const [from = null, to = null, ...more] = text.split('/').map(parseInstant);
  return from === null || to === null || more.length > 0 ? null : { from, to };
}
