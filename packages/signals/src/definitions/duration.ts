/** Durations as people write them: a whole number and a unit. */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@tributary/model/time';
import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };
const DURATION = /^([1-9]\d{0,9})(ms|s|m|h|d|w)$/;
/** As long as definitions may have records kept. */
const LONGEST_MS = 365 * DAY_MS;

/** ms; NaN where the text is not a duration. */
export function durationMs(text: string): number {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  return Number(count) * (UNIT_MS[unit] ?? Number.NaN);
}

/** In the largest unit that divides it. */
export function durationText(ms: number): string {
  const [unit, unitMs] = Object.entries(UNIT_MS).findLast(([name, size]) => name !== 'w' && ms % size === 0) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}

export const Duration = z
  .string()
  .regex(DURATION, 'be a whole number with a unit: 500ms, 30s, 30m, 12h, 7d or 2w')
  .refine((text) => !(durationMs(text) > LONGEST_MS), 'be at most 365d')
  .meta({ id: 'Duration', description: 'A whole number with a unit: 500ms, 30s, 30m, 12h, 7d or 2w.' });
