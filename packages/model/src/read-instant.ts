/**
 * When something happened, as clients say it. This is the one place that decides what a number means, for every door. What it gives for an
 * instant, written down and read again, is the same instant: a line that is sent again is the same event.
 */
import type { Outcome } from './json.ts';
import { describe, invalid } from './validate-event.ts';

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** Epoch seconds have 10 digits from 2001 to 2286, microseconds 16. In milliseconds these would be weeks of 1970, and the year 33658. */
const SECONDS = [1e9, 1e10] as const;
const MICROSECONDS = [1e15, Number.MAX_SAFE_INTEGER] as const;

export const EPOCH_FORMS = 'epoch milliseconds (13 digits), seconds (10), microseconds (16)';
const FORMS = `${EPOCH_FORMS}, or RFC 3339 (2026-01-31T08:00:00Z)`;

/** In epoch ms. Fractions of a millisecond are cut off, of seconds as numbers they are rounded. */
export function readInstant(value: unknown, field: string): Outcome<number> {
  const ms = typeof value === 'number' ? msOfNumber(value) : typeof value === 'string' ? msOfText(value) : undefined;
  if (ms === undefined) return invalid('invalid_field', `${field} must be ${FORMS}, got ${describe(value)}`);
  return readsAsSeconds(ms)
    ? invalid(
        'invalid_field',
        `${field} lies in the weeks of 1970 that seconds taken for milliseconds fall into (got ${describe(value)}). Send ${FORMS}.`,
      )
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
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', time = '', fraction = '', offset = ''] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${time}${fraction.slice(0, 4)}${offset.toUpperCase()}`);
  // Date.parse takes February 30 for March 2.
  return Number.isNaN(ms) || Number(day) > daysIn(Number(year), Number(month)) ? undefined : ms;
}

function lies(value: number, [from, to]: readonly [number, number]): boolean {
  return value >= from && value < to;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
