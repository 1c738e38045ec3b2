/** Instants as exports write them. Without an offset they are UTC; day-first and month-first dates are refused as ambiguous. */
import { msOfNumber, readsAsSeconds } from '@tributary/model/read-instant';
import { MAX_INSTANT_MS } from '@tributary/model/time';

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

export const INSTANT_FORMS =
  '2026-11-21, 2026-11-21T08:00:00Z, epoch seconds (10 digits), milliseconds (13 digits) or microseconds (16 digits)';

/** Epoch ms; null when the text is none of the forms, or no day of the calendar. */
export function parseInstant(text: string): number | null {
  const trimmed = text.trim();
  if (/^[1-9](\d{9}|\d{12}|\d{15})$/.test(trimmed)) return possible(msOfNumber(Number(trimmed)));
  const match = ISO.exec(trimmed);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(match[i] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const millisecond = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, millisecond));
  // Date.UTC rolls days over, and takes the years 0 to 99 for those of the 20th century.
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1 || date.getUTCFullYear() !== year) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  return possible(date.getTime() - offsetMs(match[8]));
}

/** The collector would take the milliseconds of some weeks of 1970 for seconds. */
function possible(ms: number | undefined): number | null {
  return ms === undefined || ms < 0 || ms > MAX_INSTANT_MS || readsAsSeconds(ms) ? null : ms;
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "90s", "30m", "1h", "7d"; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim());
  return match === null ? null : Number(match[1]) * (UNITS_MS[match[2] as string] as number);
}
