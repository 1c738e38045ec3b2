/**
 * The window of a report, in whole days, and the earlier one that it is held against: which one was asked for, and what makes
 * the two hard to compare.
 */
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS, dayOf } from '@tributary/model/time';
import type { Days } from '@tributary/serving/merge';
import type { Meta } from '@tributary/serving/meta';

export interface InstantRange {
  /** Inclusive; null: from the beginning. */
  readonly from: number | null;
  /** Exclusive; null: to the end. */
  readonly to: number | null;
}

/** A range of UTC days, and whether it had to grow to hold whole days. */
export interface DayRange extends Days {
  readonly widened: boolean;
}

/** View rows are filed by UTC day, so a range grows outwards to whole days; the answer says so. */
export function wholeDays({ from, to }: InstantRange): DayRange {
  const start = from === null ? null : Math.floor(from / DAY_MS) * DAY_MS;
  const end = to === null ? null : Math.ceil(to / DAY_MS) * DAY_MS;
  return {
    fromDay: start === null ? null : dayOf(start),
    toDay: end === null ? null : dayOf(end),
    widened: start !== from || end !== to,
  };
}

/** previous: the window of equal length right before; else a range of instants, `[from, to)`. */
export type Against = 'previous' | { readonly from: number; readonly to: number };

/** Throws `invalid_query` unless there is such a window and it ends before the report's begins, `empty_range` for one that holds nothing. */
export function earlierWindow({ fromDay, toDay }: Days, against: Against): DayRange {
  if (against === 'previous') {
    if (fromDay === null || toDay === null)
      throw new TributaryError(
        'invalid_query',
        'against must stand beside from and to (got "previous"): the window right before is as long as the report\'s own: give both "from" and "to"',
      );
    return { fromDay: dayOf(2 * startOf(fromDay) - startOf(toDay)), toDay: fromDay, widened: false };
  }
  const text = (ms: number) => new Date(ms).toISOString();
  if (against.from >= against.to)
    throw new TributaryError('empty_range', `against must begin before it ends (got ${text(against.from)}/${text(against.to)})`);
  const window = wholeDays(against);
  if (fromDay === null)
    throw new TributaryError(
      'invalid_query',
      `against must stand beside from (got ${text(against.from)}/${text(against.to)}): nothing lies before a report from the beginning on: give "from"`,
    );
  if (window.toDay === null || window.toDay > fromDay)
    throw new TributaryError(
      'invalid_query',
      `against must end before the report's own window begins, on ${fromDay} (got ${window.fromDay} to ${window.toDay}, UTC days): name an earlier one`,
    );
  return window;
}

/** What readers should know before they trust a change between the two. */
export function windowNotes({ fromDay, toDay }: Days, before: Days, meta: Pick<Meta, 'view' | 'cut' | 'speed'>): string[] {
  const notes: string[] = [];
  const counted = meta.view === 'batch' ? meta.cut : meta.speed.watermark;
  if (toDay === null) notes.push('the window has no end: changes against one that has are of its length as well; give `to`');
  else {
    const [days, daysBefore] = [daysIn({ fromDay, toDay }), daysIn(before)];
    if (days !== daysBefore)
      notes.push(`the window is of ${days} days and the one before of ${daysBefore}: changes are of their lengths as well`);
    if (counted !== null && counted < startOf(toDay))
      notes.push(
        `the window is not over, what counts has come to ${new Date(counted).toISOString()}: changes are of that as well`,
      );
  }
  return notes;
}

function daysIn({ fromDay, toDay }: Days): number {
  return (startOf(toDay as string) - startOf(fromDay as string)) / DAY_MS;
}

function startOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}
