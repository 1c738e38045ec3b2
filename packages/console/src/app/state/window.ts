/** The days that a report is of: the last 7, 30 or 90, all, or from one day up to and with another. Days are UTC, as rows are filed. */
import type { Changes } from './place.ts';

export interface ReportDays {
  /** A preset, or `own`. */
  readonly choice: string;
  /** The first day; undefined: from the beginning. */
  readonly from: string | undefined;
  /** The day after the last; undefined: to the end. */
  readonly to: string | undefined;
}

const PRESETS = ['7', '30', '90', 'all'] as const;
/** As a reader chooses one. */
export const PRESET_OPTIONS: readonly { readonly value: string; readonly text: string }[] = PRESETS.map((value) => ({
  value,
  text: value === 'all' ? 'All' : `${value} days`,
}));
const PRESET = '30';
const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function daysOf(query: URLSearchParams, nowMs: number): ReportDays {
  const [from, to] = [query.get('from') ?? '', query.get('to') ?? ''];
  if (DAY.test(from) && DAY.test(to)) return { choice: 'own', from, to: dayAfter(to) };
  const choice = PRESETS.find((one) => one === query.get('days')) ?? PRESET;
  if (choice === 'all') return { choice, from: undefined, to: undefined };
  return { choice, from: dayOf(nowMs - (Number(choice) - 1) * DAY_MS), to: dayOf(nowMs + DAY_MS) };
}

/** The days of an answer as a question takes them. */
export function rangeOf({ from, to }: ReportDays): { readonly from?: string; readonly to?: string } {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

export function presetChange(choice: string, { from, to }: ReportDays, nowMs: number): Changes {
  if (choice !== 'own') return { days: choice, from: null, to: null };
  return { days: null, from: from ?? dayOf(nowMs - 30 * DAY_MS), to: to === undefined ? dayOf(nowMs) : dayBefore(to) };
}

export function dayBefore(day: string): string {
  return dayOf(Date.parse(day) - DAY_MS);
}

function dayAfter(day: string): string {
  return Number.isNaN(Date.parse(day)) ? day : dayOf(Date.parse(day) + DAY_MS);
}

/** Days of a chart at most: three years, when a column is a pixel. */
const MOST_DAYS = 1_100;

/**
 * A row for each day from the first of these rows to the last one, in order: `none` where a day has none, so that days without anything take their place on an
 * axis. As they are where that is more than `MOST_DAYS`.
 */
export function everyDay<Row>(rows: readonly Row[], dayIn: (row: Row) => string, none: (day: string) => Row): readonly Row[] {
  const known = new Map(rows.map((row) => [dayIn(row), row]));
  const days = [...known.keys()].sort();
  const [first, last] = [Date.parse(days[0] ?? ''), Date.parse(days.at(-1) ?? '')];
  if (!(last - first < MOST_DAYS * DAY_MS)) return rows;
  return Array.from({ length: (last - first) / DAY_MS + 1 }, (_, i) => {
    const day = dayOf(first + i * DAY_MS);
    return known.get(day) ?? none(day);
  });
}
