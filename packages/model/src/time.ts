/** Durations and days. Every instant in the core is epoch milliseconds, UTC; every interval is half-open. */

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The largest instant an event may carry: 2286-11-20, the last with 13 digits. */
export const MAX_INSTANT_MS = 9_999_999_999_999;

/** The UTC day that contains `ts`, as `YYYY-MM-DD`: how view rows and archive folders are filed. */
export function dayOf(ts: number): string {
  const days = Math.floor(ts / DAY_MS);
  let day = dayNames.get(days);
  if (day === undefined) {
    if (dayNames.size >= 10_000) dayNames.clear();
    day = new Date(days * DAY_MS).toISOString().slice(0, 10);
    dayNames.set(days, day);
  }
  return day;
}

const dayNames = new Map<number, string>();
