/**
 * When something happened, as clients say it. This is the one place that decides what a number means, for every door. What it gives for an
 * instant, written down and read again, is the same instant: a line that is sent again is the same event.
 */
import { describe, invalid } from '../refusal.ts';
import type { Outcome } from './json.ts';

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
/** A day, an instant to the minute or finer, an offset: what each door takes of it is its own choice. */
const CALENDAR = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d))?)?$/;

/** Epoch seconds have 10 digits from 2001 to 2286, microseconds 16. In milliseconds these would be weeks of 1970, and the year 33658. */
const SECONDS = [1e9, 1e10] as const;
const MICROSECONDS = [1e15, Number.MAX_SAFE_INTEGER] as const;

export const EPOCH_FORMS = 'epoch milliseconds (13 digits), seconds (10), microseconds (16)';
const FORMS = `${EPOCH_FORMS}, or RFC 3339 (2026-01-31T08:00:00Z)`;

/** In epoch ms. Fractions of a millisecond are cut off, of seconds as numbers they are rounded. */
export function readInstant(value: unknown, field: string): Outcome<number> {
  const ms = typeof value === 'number' ? msOfNumber(value) : typeof value === 'string' ? msOfText(value) : undefined;
  if (ms === undefined) return invalid('invalid_field', { field, must: `be ${FORMS}`, got: describe(value) });
  return readsAsSeconds(ms)
    ? invalid('invalid_field', {
        field,
        must: 'not lie in the weeks of 1970 that seconds taken for milliseconds fall into',
        got: describe(value),
        fix: `Send ${FORMS}`,
      })
    : { ok: true, value: ms };
}

/** undefined: it is not a whole number of any of these. */
export function msOfNumber(value: number): number | undefined {
  if (lies(value, SECONDS)) return Math.round(value * 1000);
  if (!Number.isSafeInteger(value)) return undefined;
  return lies(value, MICROSECONDS) ? Math.floor(value / 1000) : value;
}

/** Whether a number of milliseconds is taken for seconds, and would be another instant. */
export function readsAsSeconds(ms: number): boolean {
  return lies(ms, SECONDS);
}

function msOfText(text: string): number | undefined {
  return RFC3339.test(text) ? msOfCalendar(text) : undefined;
}

/** Epoch ms of a date with or without a time, UTC where it names no offset; undefined where no calendar or clock has it. */
export function msOfCalendar(text: string): number | undefined {
  const match = CALENDAR.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as Six;
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for those of the 20th century.
  date.setUTCFullYear(year, month - 1, day);
  // Days that a month does not have are those of the next one.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const millisecond = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  return date.setUTCHours(hour, minute - offset, second, millisecond);
}

type Six = [number, number, number, number, number, number];

function lies(value: number, [from, to]: readonly [number, number]): boolean {
  return value >= from && value < to;
}
