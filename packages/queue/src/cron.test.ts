/** Times of cron where clocks go forward and back, against the minutes of the zone one by one. */

import { DAY_MS, MINUTE_MS } from '@tributary/model/time';
import { processorMs } from '@tributary/testkit/stopwatch';
import { getNextMillis } from 'bullmq';
import { expect, test } from 'vitest';
import { nextOfCron } from './cron.ts';

/** Local times at which a pattern is due, and the instants. */
function due(pattern: string, timeZone: string, from: string, count: number): string[] {
  const shown = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const times: string[] = [];
  for (let at = Date.parse(from); times.length < count; ) {
    at = nextOfCron(at, pattern, timeZone) ?? Number.NaN;
    times.push(`${shown.format(at)} ${new Date(at).toISOString().slice(11, 16)}Z`);
  }
  return times;
}

test('a midnight that does not exist comes at 01:00, once', () => {
  expect(due('0 0 * * *', 'America/Havana', '2026-03-06T12:00Z', 3)).toEqual([
    '2026-03-07 00:00 05:00Z',
    '2026-03-08 01:00 05:00Z',
    '2026-03-09 00:00 04:00Z',
  ]);
  // Its only day of the year.
  expect(due('0 0 8 3 *', 'America/Havana', '2026-03-06T12:00Z', 2)).toEqual([
    '2026-03-08 01:00 05:00Z',
    '2027-03-08 00:00 05:00Z',
  ]);
  expect(due('*/15 0 * * *', 'America/Havana', '2026-03-07T12:00Z', 2)).toEqual([
    '2026-03-08 01:00 05:00Z',
    '2026-03-09 00:00 04:00Z',
  ]);
});

test('a time in the hour that does not exist comes when the clocks have gone forward, once, and not an hour later again', () => {
  expect(due('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 2)).toEqual([
    '2026-03-29 03:00 01:00Z',
    '2026-03-30 02:30 00:30Z',
  ]);
  expect(due('*/15 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 2)).toEqual([
    '2026-03-29 03:00 01:00Z',
    '2026-03-30 02:00 00:00Z',
  ]);
  expect(due('0 2,3 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 2)).toEqual([
    '2026-03-29 03:00 01:00Z',
    '2026-03-30 02:00 00:00Z',
  ]);
  // Half an hour, at 02:00.
  expect(due('10 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', 2)).toEqual([
    '2026-10-04 02:30 15:30Z',
    '2026-10-05 02:10 15:10Z',
  ]);
});

test('a time that comes twice is due once; every hour is due each time', () => {
  expect(due('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
    '2026-10-25 02:30 00:30Z',
    '2026-10-26 02:30 01:30Z',
  ]);
  expect(due('30 * * * *', 'Europe/Berlin', '2026-10-24T23:45Z', 3)).toEqual([
    '2026-10-25 02:30 00:30Z',
    '2026-10-25 02:30 01:30Z',
    '2026-10-25 03:30 02:30Z',
  ]);
});

/** The first minute of each local day by which clocks have come to this time, or gone over it. Only of days near a change of clocks. */
function bruteForce(hour: number, minute: number, timeZone: string, fromMs: number): number[] {
  const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const wallOf = (ms: number) => Date.parse(`${format.format(ms).replace(' ', 'T')}Z`);
  const found: number[] = [];
  for (let day = fromMs; day < fromMs + 365 * DAY_MS; day += DAY_MS) {
    if (wallOf(day) - day === wallOf(day + DAY_MS) - (day + DAY_MS)) continue;
    const seen = new Set<string>();
    for (let ms = day - DAY_MS; ms < day + 2 * DAY_MS; ms += MINUTE_MS) {
      const [date, wanted] = [format.format(ms).slice(0, 10), `${hour}`.padStart(2, '0') + `:${minute}`.padStart(3, '0')];
      const isPassed = format.format(ms).slice(11) >= wanted && format.format(ms - MINUTE_MS) < `${date} ${wanted}`;
      if (isPassed && !seen.has(date)) found.push(ms);
      if (isPassed) seen.add(date);
    }
  }
  return found;
}

test.each(['Europe/Berlin', 'Asia/Beirut', 'America/Santiago', 'Africa/Cairo', 'America/Havana'])(
  'in %s a time of the day is due on each day, once, also where clocks change',
  (timeZone) => {
    const from = Date.parse('2026-01-01T12:00Z');
    const year: Record<string, number[]> = {};
    for (const time of ['0 0', '30 0', '59 1', '30 2']) {
      const all: number[] = [];
      for (let at = from; at < from + 365 * DAY_MS; ) all.push((at = nextOfCron(at, `${time} * * *`, timeZone) ?? Number.NaN));
      const [minute, hour] = time.split(' ').map(Number) as [number, number];
      const expected = bruteForce(hour, minute, timeZone, from);
      expect(expected.length).toBeGreaterThanOrEqual(5);
      year[time] = expected.filter((ms) => !all.includes(ms));
      expect(all.length, time).toBe(366);
    }
    // Where midnight comes twice the library takes the second, and so for all times of that hour.
    const [midnight, half] =
      timeZone === 'America/Havana' ? ['04:00', '04:30'].map((at) => [Date.parse(`2026-11-01T${at}Z`)]) : [[], []];
    expect(year).toEqual({ '0 0': midnight, '30 0': half, '59 1': [], '30 2': [] });
  },
);

test('the next of a year, and of a leap day, cost little; what never comes is said', () => {
  let leapDay: number | null | undefined;
  const next = () => (leapDay = nextOfCron(Date.parse('2026-03-01T00:00Z'), '0 5 29 2 *', 'America/New_York'));
  const tookMs = processorMs(next);
  expect(new Date(leapDay ?? 0).toISOString()).toBe('2028-02-29T10:00:00.000Z');
  expect(tookMs).toBeLessThan(1_000);
  // Against what the library takes, which is asked twice: no day in between is looked at by itself.
  const library = () => getNextMillis(Date.parse('2026-03-01T00:00Z'), { pattern: '0 5 29 2 *', tz: 'America/New_York' });
  const least = (work: () => unknown) => Math.min(...Array.from({ length: 7 }, () => processorMs(work)));
  expect(least(next)).toBeLessThan(4 * least(library));
  expect(() => nextOfCron(Date.now(), 'daily', 'UTC')).toThrow();
});
