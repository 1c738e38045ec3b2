/** The earlier window that a report is held against: which one was asked for, and what makes the two hard to compare. */
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS, dayOf } from '@tributary/model/time';
import type { Days } from '@tributary/serving/merge';
import type { Meta } from '@tributary/serving/meta';
import { type DayRange, INSTANT_HINT, parseInstant, wholeDays } from './instants.ts';

/** previous: the window of equal length right before; else a range of instants, `[from, to)`. */
export type Against = 'previous' | { readonly from: number; readonly to: number };

export const AGAINST_HINT = `"previous", or FROM/TO of an earlier range such as "2026-10-01/2026-11-01", each ${INSTANT_HINT}`;

/** null: the text is neither. */
export function parseAgainst(text: string): Against | null {
  if (text === 'previous') return text;
  const [from = null, to = null, ...more] = text.split('/').map(parseInstant);
  return from === null || to === null || more.length > 0 ? null : { from, to };
}

/** Throws `invalid_query` unless there is such a window and it ends before the report's begins, `empty_range` for one that holds nothing. */
export function earlierWindow({ fromDay, toDay }: Days, against: Against): DayRange {
  if (against === 'previous') {
    if (fromDay === null || toDay === null)
      throw new TributaryError(
        'invalid_query',
        'against: the window right before is as long as the report\'s own: give both "from" and "to"',
      );
    return { fromDay: dayOf(2 * startOf(fromDay) - startOf(toDay)), toDay: fromDay, widened: false };
  }
  const text = (ms: number) => new Date(ms).toISOString();
  if (against.from >= against.to)
    throw new TributaryError('empty_range', `against: from ${text(against.from)} does not lie before to ${text(against.to)}`);
  const window = wholeDays(against);
  if (fromDay === null)
    throw new TributaryError('invalid_query', 'against: nothing lies before a report from the beginning on: give "from"');
  if (window.toDay === null || window.toDay > fromDay)
    throw new TributaryError(
      'invalid_query',
      `against: ${window.fromDay} to ${window.toDay} does not end before the report's own window begins, on ${fromDay} (UTC days): name an earlier one`,
    );
  return window;
}

/** What readers should know before they trust a change between the two. */
export function windowNotes({ fromDay, toDay }: Days, before: DayRange, meta: Pick<Meta, 'view' | 'cut' | 'speed'>): string[] {
  const notes: string[] = [];
  if (before.widened) notes.push('the range of `against` was widened to whole days, see `previousRange`');
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
