import type { Outcome } from './json.ts';
import { describe, invalid } from './validate-event.ts';

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** An instant as clients send it, in epoch ms: whole epoch milliseconds, or RFC 3339 with an offset, cut to milliseconds. */
export function readInstant(value: unknown, field: string): Outcome<number> {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { ok: true, value };
  const match = typeof value === 'string' ? RFC3339.exec(value) : null;
  if (match !== null) {
    const [, year = '', month = '', day = '', time = '', fraction = '', offset = ''] = match;
    const ms = Date.parse(`${year}-${month}-${day}T${time}${fraction.slice(0, 4)}${offset.toUpperCase()}`);
    // Date.parse takes February 30 for March 2.
    if (!Number.isNaN(ms) && Number(day) <= daysIn(Number(year), Number(month))) return { ok: true, value: ms };
  }
  return invalid('invalid_field', `${field} is epoch milliseconds or RFC 3339 (2026-01-31T08:00:00Z), got ${describe(value)}`);
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
