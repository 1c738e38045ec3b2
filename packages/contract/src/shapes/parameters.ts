/**
 * Schemas of what requests carry. In a query string and in a path everything is text; the input type of such a schema is what
 * callers of the client write (numbers, dates, lists), which the client puts as text. Each message completes `NAME must …`.
 */
import { CONTROL } from '@tributary/model/event-fields';
import { MAX_INSTANT_MS } from '@tributary/model/time';
import { z } from 'zod';
import { AGAINST_HINT, type Against, INSTANT_HINT, parseAgainst, parseEpoch, parseInstant } from './instants.ts';

export const MAX_ROWS = 10_000;
/** The largest cursor accepted, characters: of long row keys it has the beginning and a digest. */
export const CURSOR_LENGTH = 4096;

/** `read` gives undefined where the rule is broken; `json` describes it in the OpenAPI document. */
function parameter<Out, In>(rule: string, json: Readonly<Record<string, unknown>>, read: (text: string) => Out | undefined) {
  return z
    .transform<In, Out>((value, context) => {
      const out = typeof value === 'string' ? read(value) : undefined;
      if (out !== undefined) return out;
      context.addIssue({ code: 'custom', message: rule });
      return z.NEVER;
    })
    .meta(json);
}

/** Rows are keyed by tabs and records end in newlines, so neither may be in a name. What events may have can be asked for. */
function isPlain(value: string, maxLength: number): boolean {
  return value.length > 0 && value.length <= maxLength && !CONTROL.test(value) && value.isWellFormed();
}

function text(maxLength: number) {
  return z
    .string()
    .refine(
      (value) => isPlain(value, maxLength),
      `be 1 to ${maxLength} characters of valid Unicode, with no control character among them`,
    )
    .meta({ minLength: 1, maxLength });
}

export const UserId = text(256).describe('The user key: userId, or anonymousId where userId is absent.');
const NAME_LENGTH = 128;
export const EventName = text(NAME_LENGTH);

export const Instant = parameter<number, number | string | Date>(
  `be ${INSTANT_HINT}`,
  {
    id: 'Instant',
    anyOf: [
      { type: 'integer', enum: [0] },
      { type: 'integer', minimum: 1e9, maximum: 1e10 - 1 },
      { type: 'integer', minimum: 1e12, maximum: MAX_INSTANT_MS },
      { type: 'integer', minimum: 1e15, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'string', format: 'date-time' },
      { type: 'string', format: 'date' },
    ],
    description: `An instant: ${INSTANT_HINT}.`,
  },
  (value) => parseInstant(value) ?? undefined,
);

/** In bodies, where numbers need no quotes. */
export const BodyInstant = z
  .transform<number | string | Date, number>((value, context) => {
    const ms = typeof value === 'string' ? parseInstant(value) : typeof value === 'number' ? parseEpoch(value) : null;
    if (ms !== null) return ms;
    context.addIssue({ code: 'custom', message: `be ${INSTANT_HINT}` });
    return z.NEVER;
  })
  .meta({ $ref: '#/$defs/Instant' });

export const Range = {
  from: Instant.optional().describe('The first instant that counts; absent: from the beginning.'),
  to: Instant.optional().describe('The first instant that does not count any more; absent: to the end.'),
};

export const AgainstParameter = parameter<Against, string>(
  `be ${AGAINST_HINT}`,
  { type: 'string', maxLength: 81, description: `An earlier window that every figure is held against: ${AGAINST_HINT}.` },
  (value) => parseAgainst(value) ?? undefined,
);

/** Digits only: no sign, no exponent, no spaces. */
export function count(most: number, least = 1) {
  return parameter<number, number>(
    `be a whole number from ${least} to ${most}`,
    { type: 'integer', minimum: least, maximum: most },
    (value) => {
      const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
      return number >= least && number <= most ? number : undefined;
    },
  );
}

/** A plain decimal: no sign, no exponent. */
export function fraction(least: number, most: number) {
  return parameter<number, number>(
    `be a number from ${least} to ${most}, written as a plain decimal such as 0.5`,
    { type: 'number', minimum: least, maximum: most },
    (value) => {
      const number = /^\d(\.\d{1,9})?$/.test(value) ? Number(value) : Number.NaN;
      return number >= least && number <= most ? number : undefined;
    },
  );
}

/** A name is written once for each value: values may hold commas. */
const MOST_VALUES = 100;

/** Rows of this value, or of any of several; several come sorted, each once, so that one question has one text. */
export function valuesOf(maxLength: number, description: string) {
  const single = { type: 'string', minLength: 1, maxLength };
  return z
    .transform<string | readonly string[], string | readonly string[]>((value, context) => {
      const values: unknown[] = [value].flat();
      const areRight = values.every((one): one is string => typeof one === 'string' && isPlain(one, maxLength));
      if (areRight && values.length > 0 && values.length <= MOST_VALUES) {
        const sorted = [...new Set(values)].sort();
        return sorted.length === 1 ? (sorted[0] as string) : sorted;
      }
      const rule = `be 1 to ${maxLength} characters of valid Unicode, with no control character among them`;
      context.addIssue({ code: 'custom', message: `${rule}, written once for each value, at most ${MOST_VALUES} times` });
      return z.NEVER;
    })
    .meta({ anyOf: [single, { type: 'array', items: single, minItems: 1, maxItems: MOST_VALUES }], explode: true, description })
    .optional();
}
export const eventNames = (description: string) => valuesOf(NAME_LENGTH, description);
export const dimensionValues = (description: string) => valuesOf(512, description);

export const Cursor = z.string().min(1).max(CURSOR_LENGTH).describe('`nextCursor` of the page before; opaque.');

/** What days are summed to: weeks are named by their Monday, months `2026-11`. */
export const PERIODS = ['week', 'month'] as const;

/** `a,b,c` from the given names, each at most once; empty: none. */
export function namesOf<const Name extends string>(names: readonly Name[], preset: readonly Name[]) {
  const known = new Set<string>(names);
  return parameter<Name[], readonly Name[]>(
    `be some of ${names.join(', ')}, separated by commas, none of which repeats`,
    { type: 'array', items: { type: 'string', enum: names }, uniqueItems: true },
    (value) => {
      const wanted = value === '' ? [] : value.split(',', names.length + 1);
      return wanted.every((name) => known.has(name)) && new Set(wanted).size === wanted.length ? (wanted as Name[]) : undefined;
    },
  ).default([...preset]);
}

/** `a,b,c`: names that only the handler knows. */
export function listOf<Name extends string = string>(maxLength: number, description: string, items = {}) {
  return parameter<string[], readonly Name[]>(
    `be 1 to ${maxLength} characters: names separated by commas`,
    { type: 'array', items: { type: 'string', ...items }, description },
    (value) => (value.length > 0 && value.length <= maxLength ? value.split(',') : undefined),
  );
}

const MOST_NAMES = 100;
export const EventNames = parameter<string[], readonly string[]>(
  `be 1 to ${MOST_NAMES} event types separated by commas, each of 1 to ${NAME_LENGTH} characters without control characters`,
  {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: NAME_LENGTH },
    description: 'Event types; absent: all that the definitions call signals.',
  },
  (value) => {
    const names = value.length <= 4_096 ? value.split(',', MOST_NAMES + 1) : [];
    const isRight = names.length > 0 && names.length <= MOST_NAMES && names.every((name) => isPlain(name, NAME_LENGTH));
    return isRight ? names : undefined;
  },
);

export const DeadLetterIdParameter = z
  .string()
  .regex(/^\d{1,5}-\d{1,15}-\d{1,15}$/, 'be the id of a dead letter, such as 3-1795176000412-0')
  .describe('As the list of dead letters has it.');

export const GenerationNumber = parameter<number, number>(
  'be the number of a generation, from 1',
  { type: 'integer', minimum: 1, maximum: 999_999_999 },
  (value) => (/^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined),
);

/** Why an operator does it, for those who read the list of publications later. */
export const Why = z.string().trim().min(1).max(500).optional().describe('Why, in the words of who asks: kept with it.');
