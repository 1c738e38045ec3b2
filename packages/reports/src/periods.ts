/** Weeks and months: rows are filed by UTC day, and those of a period are the sum of its days. */
import { DAY_MS, dayOf } from '@tributary/model/time';
import type { Days } from '@tributary/serving/merge';
import { addRow, type Rows } from '@tributary/views/deltas';

/** What a day reads in them: the Monday of its ISO week; `2026-11`. */
const PERIODS: Readonly<Record<string, (day: string) => string>> = {
  week: (day) => dayOf(mondayOf(Date.parse(day))),
  month: (day) => day.slice(0, 7),
};

/** 1970-01-01 was a Thursday. */
function mondayOf(ms: number): number {
  const days = Math.floor(ms / DAY_MS);
  return (days - ((days + 3) % 7)) * DAY_MS;
}

/** The dimensions that rows are counted by: days in place of weeks and months. */
export function countedBy(by: readonly string[]): readonly string[] {
  return [...new Set(by.map((dimension) => (PERIODS[dimension] === undefined ? dimension : 'day')))];
}

/** From rows keyed by `countedBy(by)` to rows keyed by `by`. */
export function inPeriods(rows: Rows, by: readonly string[]): Rows {
  if (by.every((dimension) => PERIODS[dimension] === undefined)) return rows;
  const counted = countedBy(by);
  const parts = by.map((dimension) => {
    const { [dimension]: period } = PERIODS;
    return { at: counted.indexOf(period === undefined ? dimension : 'day'), read: period ?? ((value: string) => value) };
  });
  const sums: Rows = new Map();
  for (const [key, measures] of rows) {
    const names = key.split('\t');
    addRow(sums, parts.map(({ at, read }) => read(names[at] as string)).join('\t'), measures);
  }
  return sums;
}

/** Periods that the window does not hold whole: their rows look small beside the others. */
export function periodNotes(by: readonly string[], { fromDay, toDay }: Days): string[] {
  return by.flatMap((dimension) => {
    const { [dimension]: period } = PERIODS;
    if (period === undefined) return [];
    const isCut = (day: string | null) => day !== null && period(day) === period(dayOf(Date.parse(day) - DAY_MS));
    return [
      ...(isCut(fromDay) ? [`the first ${dimension} is cut: its row begins with ${fromDay}`] : []),
      ...(isCut(toDay) ? [`the last ${dimension} is cut: its row ends before ${toDay}`] : []),
    ];
  });
}
