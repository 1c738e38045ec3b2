/** What several answers have in common. */
import type { Integer } from '@tributary/model/integer';
import { z } from 'zod';

/** JSON with all its digits, also beyond 2^53. */
export const Sum = z
  .custom<Integer>((value) => typeof value === 'bigint' || Number.isInteger(value), 'be a whole number')
  .meta({ id: 'Sum', type: 'integer', description: 'A sum of integers. It has all its digits, also beyond 2^53.' });

export const DayRange = z
  .object({
    fromDay: z.string().nullable().describe('First UTC day, null: from the beginning.'),
    toDay: z.string().nullable().describe('UTC day after the last, null: to the end.'),
  })
  .meta({ id: 'DayRange' });

/** What every report says of the window that it is of. */
export const Window = {
  range: DayRange,
  lookbackDays: z.number().describe('How long before a conversion a touch can be eligible.'),
  definitions: z.string().describe('Version of the definitions: which events are touches and conversions.'),
};

export const NextCursor = z
  .string()
  .nullable()
  .describe('Ask again with it as `cursor` for the next page; null: this was the last.');

/** 2026-11-20T12:00:00Z, for examples. */
export const NOON = 1_795_176_000_000;
