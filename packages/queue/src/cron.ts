/**
 * When a time of cron comes, by the clocks of a zone. Where clocks go forward, times of that day may not exist: BullMQ's library (cron-parser 5) leaves
 * out a day whose midnight does not exist (America/Havana, 8 March 2026), and shifts others by an hour. Here all of them are due once, when the clocks
 * have gone forward. Where clocks go back, it is right: a time that
 * comes twice is due once, every hour each time (by half an hour, on Lord Howe Island, it takes such a time twice).
 */
import { DAY_MS } from '@tributary/model/time';
import { getNextMillis, type RepeatOptions } from 'bullmq';

/** Times in a row that the library shifts, at most: those of an hour, minute by minute, and more. */
const MOST_SHIFTED = 100;

/** The first instant after `ms` at which the pattern is due, epoch ms; undefined: none comes. */
export function nextOfCron(ms: number, pattern: string, timeZone: string): number | undefined {
  const wallOf = (at: number) => at + offsetMs(timeZone, at);
  let next = nextIn(timeZone, pattern, ms);
  // On a clock that shows each time once the same one is next: no time before it is missing. Else days are looked at one by one.
  if (next !== undefined && nextIn('UTC', pattern, wallOf(ms)) === wallOf(next)) return next;
  // What the library shifted is not a time of the pattern.
  for (let tries = 0; next !== undefined && nextIn('UTC', pattern, wallOf(next) - 1) !== wallOf(next); tries++) {
    if (tries === MOST_SHIFTED) return next;
    next = nextIn(timeZone, pattern, next);
  }
  for (let from = ms; next !== undefined && from < next; from += DAY_MS) {
    const leap = leapWithin(timeZone, from, Math.min(from + DAY_MS, next));
    if (leap === null || leap.at <= ms) continue;
    const missing = nextIn('UTC', pattern, leap.fromWall - 1);
    if (missing !== undefined && missing < leap.toWall) return leap.at;
  }
  return next;
}

/** For BullMQ, in every queue and worker that has schedules: each gives the next time of one that it began. */
export function repeatStrategy(ms: number, { pattern = '', tz = 'UTC' }: RepeatOptions): number | undefined {
  return nextOfCron(ms, pattern, tz);
}

function nextIn(tz: string, pattern: string, ms: number): number | undefined {
  return getNextMillis(ms, { pattern, tz });
}

interface Leap {
  /** The first instant by the new time. */
  readonly at: number;
  /** Local times from here, before `toWall`, do not exist; as if they were UTC, ms. */
  readonly fromWall: number;
  readonly toWall: number;
}

/** Clocks that go forward within `(from, to]`, at most a day; null: they do not. No zone moves them twice in a day. */
function leapWithin(timeZone: string, from: number, to: number): Leap | null {
  const [before, after] = [offsetMs(timeZone, from), offsetMs(timeZone, to)];
  if (after <= before) return null;
  let [older, newer] = [from, to];
  while (newer - older > 1) {
    const middle = Math.floor((older + newer) / 2);
    if (offsetMs(timeZone, middle) === before) older = middle;
    else newer = middle;
  }
  return { at: newer, fromWall: newer + before, toWall: newer + after };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** By how much clocks of the zone are ahead of UTC. */
function offsetMs(timeZone: string, ms: number): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const parts = {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    } as const;
    formats.set(
      timeZone,
      (format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', { timeZone, hourCycle: 'h23', ...parts })),
    );
  }
  const of = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(of['year'] ?? 0, (of['month'] ?? 1) - 1, of['day'], of['hour'], of['minute'], of['second']);
  return wall - Math.floor(ms / 1_000) * 1_000;
}
