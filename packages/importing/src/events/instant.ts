/** Instants as exports write them. Without an offset they are UTC; day-first and month-first dates are refused as ambiguous. */
import { msOfCalendar, msOfNumber, readsAsSeconds } from '@tributary/model/reading/read-instant';
import { MAX_INSTANT_MS } from '@tributary/model/time';

export const INSTANT_FORMS =
  '2026-11-21, 2026-11-21T08:00:00Z, epoch seconds (10 digits), milliseconds (13 digits) or microseconds (16 digits)';

/** Epoch ms; null when the text is none of the forms, or no day of the calendar. */
export function parseInstant(text: string): number | null {
  const trimmed = text.trim();
  if (/^[1-9](\d{9}|\d{12}|\d{15})$/.test(trimmed)) return possible(msOfNumber(Number(trimmed)));
  return possible(msOfCalendar(trimmed));
}

/** The collector would take the milliseconds of some weeks of 1970 for seconds. */
function possible(ms: number | undefined): number | null {
  return ms === undefined || ms < 0 || ms > MAX_INSTANT_MS || readsAsSeconds(ms) ? null : ms;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "90s", "30m", "1h", "7d"; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim());
  return match === null ? null : Number(match[1]) * (UNITS_MS[match[2] as string] as number);
}
