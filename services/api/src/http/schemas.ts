/** Schemas that several routes share: they validate requests, and /docs is made of them. */
import { TributaryError } from '@tributary/model/errors';
import type { Integer } from '@tributary/model/integer';
import type { InstantRange } from '@tributary/reports/window';
import { LAYERS, type Layers } from '@tributary/serving/merge';
import { z } from 'zod';
import { INSTANT_HINT, parseInstant } from './instants.ts';
import { CURSOR_LENGTH } from './pages.ts';
import { Problem } from './problem.ts';

export const MAX_ROWS = 10_000;
export const MAX_USERS = 1_000;
export const MAX_SIGNALS = 1_000;

/** A sum of integers: JSON with all its digits, also beyond 2^53. */
export const Sum = z
  .custom<Integer>((value) => typeof value === 'bigint' || Number.isInteger(value), 'is not an integer')
  .meta({ type: 'integer' });

/** Text without control characters: rows are keyed by tabs, records end in newlines. */
const text = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{Cc}]+$/u, 'holds a control character')
    .refine((value) => value.isWellFormed(), 'holds a lone surrogate: not valid Unicode');

export const UserId = text(256).describe('The user key: userId, or anonymousId where there is no userId.');
export const EventName = text(128);
export const DimensionValue = text(512);

/** Text that `parse` understands; `isNot` says what it is where it does not, which `parse` says with null. */
export const parsed = <T>(maxLength: number, parse: (text: string) => T | null, isNot: string) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .transform((value, context) => {
      const read = parse(value);
      if (read !== null) return read;
      context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} ${isNot}` });
      return z.NEVER;
    });

export const Instant = parsed(40, parseInstant, `is no instant: write ${INSTANT_HINT}`).describe(`An instant: ${INSTANT_HINT}.`);

/** In bodies, where numbers need no quotes. */
export const BodyInstant = z.union([z.int().min(0).max(9_999_999_999_999), Instant]);

/** Spread into the query of a report; `layersOf` reads it. */
export const LayerParameter = {
  layer: z
    .enum(LAYERS)
    .optional()
    .describe('merged, which is the default: both layers; speed: deltas since the cut; batch: view(g) alone.'),
  view: z.enum(LAYERS).optional().describe('The earlier name of `layer`.').meta({ deprecated: true }),
};

/** Throws `invalid_query` when both names are there. */
export function layersOf({ layer, view }: { readonly layer?: Layers | undefined; readonly view?: Layers | undefined }): Layers {
  if (layer !== undefined && view !== undefined)
    throw new TributaryError(
      'invalid_query',
      `view: it is the earlier name of layer (got view=${view} and layer=${layer}). Leave it out`,
    );
  return layer ?? view ?? 'merged';
}

/** Numbers in a query string are digits only: no sign, no exponent, no spaces. */
export const count = (most: number, preset: number) => {
  const message = `is not a whole number from 1 to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.int().min(1, message).max(most, message))
    .default(preset)
    .describe(`From 1 to ${most}.`);
};

export const Cursor = z.string().min(1).max(CURSOR_LENGTH).describe('`nextCursor` of the page before; opaque.');

/** `a,b,c` from the given names, each at most once. */
export function namesOf<const Name extends string>(names: readonly Name[], preset: readonly Name[]) {
  return z
    .string()
    .max(200)
    .default(preset.join(','))
    .transform((value, context) => {
      const wanted = value === '' ? [] : value.split(',');
      const wrong = wanted.find((name) => !names.includes(name as Name));
      if (wrong !== undefined)
        context.addIssue({ code: 'custom', message: `${JSON.stringify(wrong)} is none of ${names.join(', ')}` });
      if (new Set(wanted).size !== wanted.length)
        context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} repeats a name` });
      return wanted as Name[];
    })
    .describe(`Comma-separated: ${names.join(', ')}.`);
}

export const Range = { from: Instant.optional(), to: Instant.optional() };

/** Throws `empty_range` when nothing can lie in it. */
export function rangeOf(query: { readonly from?: number | undefined; readonly to?: number | undefined }): InstantRange {
  const from = query.from ?? null;
  const to = query.to ?? null;
  if (from !== null && to !== null && from >= to)
    throw new TributaryError(
      'empty_range',
      `from ${new Date(from).toISOString()} does not lie before to ${new Date(to).toISOString()}`,
    );
  return { from, to };
}

/** Plain decimals in a query string: no sign, no exponent. */
export const Fraction = (least: number, most: number) => {
  const message = `is not a number from ${least} to ${most}, written as a plain decimal such as 0.5`;
  return z
    .string()
    .regex(/^\d(\.\d{1,9})?$/, message)
    .transform(Number)
    .pipe(z.number().min(least, message).max(most, message));
};

/** The problems that a route can answer with, for the documentation. */
export const PROBLEMS = { '4xx': Problem, '5xx': Problem };

export const DayRangeSchema = z.object({
  fromDay: z.string().nullable().describe('First UTC day, null: from the beginning.'),
  toDay: z.string().nullable().describe('UTC day after the last, null: to the end.'),
});
