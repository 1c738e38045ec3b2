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

/** A regular expression of the durations that are taken: bounds are of numbers, which it has no words for. `or`: a word that is taken as well. */
export function durationPattern(mostMs = LONGEST_MS, ...or: readonly string[]): string {
  const units = Object.entries(UNIT_MS)
    .filter(([, unitMs]) => unitMs <= mostMs)
    .map(([unit, unitMs]) => `${upTo(Math.min(9_999_999_999, mostMs / unitMs))}${unit}`);
  return `^(?:${[...or, ...units].join('|')})$`;
}

/** Whole numbers from 1 to `most`, without leading zeros. */
function upTo(most: number): string {
  const digits = String(Math.floor(most));
  const rest = (length: number) => (length === 0 ? '' : length === 1 ? '[0-9]' : `[0-9]{${length}}`);
  const shorter = digits.length > 1 ? [`[1-9]${digits.length > 2 ? `[0-9]{0,${digits.length - 2}}` : ''}`] : [];
  const below = [...digits].flatMap((digit, i) => {
    const first = i === 0 ? 1 : 0;
    if (Number(digit) <= first) return [];
    return [`${digits.slice(0, i)}[${first}-${Number(digit) - 1}]${rest(digits.length - i - 1)}`];
  });
  return `(?:${[...shorter, ...below, digits].join('|')})`;
}

export const Duration = z
  .string()
  .regex(DURATION, 'be a whole number with a unit: 500ms, 30s, 30m, 12h, 7d or 2w')
  .refine((text) => !(durationMs(text) > LONGEST_MS), 'be at most 365d')
  .meta({ id: 'Duration', description: 'A whole number with a unit: 500ms, 30s, 30m, 12h, 7d or 2w.' });
