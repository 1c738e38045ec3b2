/** Instants as clients write them: a number, as events have it, RFC 3339 with an offset, or a plain date (midnight UTC). */
import { EPOCH_FORMS, msOfCalendar, msOfNumber } from '@tributary/model/reading/read-instant';
import { MAX_INSTANT_MS } from '@tributary/model/time';

/** Digits of any other length are a mistake: 20261120 as milliseconds would be a morning of 1970. 0 is the beginning. */
const EPOCH = /^(?:0|[1-9](?:\d{9}|\d{12}|\d{15}))$/;
/** With an offset, as without one it would be UTC for some and local time for others. */
const DATE_OR_RFC_3339 = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d))?$/;

export const INSTANT_HINT = `${EPOCH_FORMS}, RFC 3339 such as "2026-11-21T08:00:00Z", or a date such as "2026-11-21"`;

/** Epoch ms, or null when the text is none of the three forms or names no real instant. */
export function parseInstant(text: string): number | null {
  if (EPOCH.test(text)) return parseEpoch(Number(text));
  return DATE_OR_RFC_3339.test(text) ? within(msOfCalendar(text)) : null;
}

/** Epoch ms of a number, by the one rule of all doors; null for a length that names no unit, and beyond the instants that there are. */
export function parseEpoch(value: number): number | null {
  return EPOCH.test(String(Math.floor(value))) ? within(msOfNumber(value)) : null;
}

function within(ms: number | undefined): number | null {
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
