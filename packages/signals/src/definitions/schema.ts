/** What people write: fields, signals, sessions and segments, each by its name. `read.ts` says what it means. */
import { HOUR_MS } from '@tributary/model/time';
import { z } from 'zod';
import { FIELD_TYPES } from '../expressions/fields.ts';
import { MOST_LENGTH } from '../expressions/parse.ts';
import { Duration, durationPattern } from './duration.ts';

/** Signals, sessions and segments together. */
export const MOST_DEFINITIONS = 200;
export const MOST_FIELDS = 100;
/** All expressions together: each event in a window may cost as much. */
export const MOST_TERMS = 2_000;
export const LONGEST_GAP_MS = 12 * HOUR_MS;
export const MOST_KEPT = 1_000;
export const MOST_TOP = 100;

/** As the names that CEL has, or that paths through JSON could not hold. */
export const PATH = /^properties(\.[^.*\p{Cc}"'\\[\]]+){1,8}$/u;
export const MOST_PATH = 256;

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
export const Name = z.string().regex(NAME, 'be a letter, then at most 63 letters, digits and "_"');

const EventType = z.string().min(1).max(128);
const Types = z
  .union([EventType, z.array(EventType).min(1).max(100)], 'be an event type, a list of them, or "*" for all')
  .describe('An event type, a list of them, or "*" for all.');
const Expression = z
  .string()
  .min(1)
  .max(MOST_LENGTH)
  .describe("A condition on one event in CEL, such as: type == 'search' && value > 100.");
const TypeAndField = z
  .string()
  .max(256)
  .regex(/^.+\.[^.]+$/, 'be an event type and a field, such as "purchase.value", or "*.value" for all types')
  .describe('An event type (or "*") and a field, such as "purchase.value".');
const WINDOW = 'be a duration such as 7d, "retained", {"tumbling": "1d"} or {"session": NAME}';
const Window = z
  .union(
    [
      z
        .string()
        .refine((text) => text === 'retained' || Duration.safeParse(text).success, WINDOW)
        .meta({ pattern: durationPattern(undefined, 'retained') }),
      z.strictObject({ tumbling: Duration }),
      z.strictObject({ session: Name.describe('A name under sessions: the session that is open.') }),
    ],
    WINDOW,
  )
  .default('retained')
  .describe('How far back events count; "retained": as long as records are kept (signalRetention.days).');

const Accuracy = z
  .enum(['exact', 'sawtooth'])
  .optional()
  .describe(
    'sawtooth: the window begins up to 5m earlier, at a whole 5 minutes in UTC; at a whole hour from 12h on, at a midnight from 12d on, as in Chronon.',
  );

const where = { where: Expression.optional() };
const windowed = { window: Window, accuracy: Accuracy };
const common = { ...where, ...windowed };
const count = { count: Types };
const sum = { sum: TypeAndField };

const RatioPart = z.union(
  [z.strictObject({ ...count, ...where }), z.strictObject({ ...sum, ...where })],
  'be {"count": TYPE} or {"sum": "TYPE.FIELD"}, each with "where" or without',
);

const From = z.string().meta({ maxLength: MOST_PATH, pattern: PATH.source });
export const Field = z.union(
  [From, z.strictObject({ from: From, type: z.enum(FIELD_TYPES).default('text') })],
  'be a path such as "properties.price", or {"from": PATH, "type": TYPE}',
);

const Keep = z.strictObject({ count: z.int().min(1).max(MOST_KEPT).default(20), age: Duration.optional() }).prefault({});
/** One side of a join. */
const Side = z.strictObject({ type: Types, ...where, fields: z.array(Name).max(20).default([]) });
export const MOST_ON = 5;
const RenamedFields = z
  .record(Name, Name)
  .refine((on) => Object.keys(on).length >= 1 && Object.keys(on).length <= MOST_ON, `have 1 to ${MOST_ON} fields`)
  .meta({ minProperties: 1, maxProperties: MOST_ON });

/** By the key that says the kind. */
export const SIGNALS = {
  type: z
    .strictObject({
      type: Types,
      ...where,
      fields: z.array(Name).min(1).max(20).default(['type']),
      keep: Keep,
    })
    .describe('The last events, newest first.'),
  join: z
    .strictObject({
      join: Side,
      with: Side,
      on: z
        .union([z.array(Name).min(1).max(MOST_ON), RenamedFields], 'be a list of fields, or {"field": "field of the match"}')
        .describe('Fields whose values are equal; as an object where they have other names in "with".'),
      within: z
        .strictObject({ before: Duration.optional(), after: Duration.optional() })
        .describe('How long before an event its match may be, and how long after it; absent: not before, not after.'),
      only: z.enum(['matched', 'unmatched']).optional(),
      keep: Keep,
    })
    .describe('The last events, each with its first match around it.'),
  count: z.strictObject({ ...count, ...common }).describe('How many events.'),
  sum: z.strictObject({ ...sum, ...common }),
  min: z.strictObject({ min: TypeAndField, ...common }),
  max: z.strictObject({ max: TypeAndField, ...common }),
  mean: z.strictObject({ mean: TypeAndField, ...common }).describe('To six decimals.'),
  variance: z.strictObject({ variance: TypeAndField, ...common }).describe('That of the population, to six decimals.'),
  first: z.strictObject({ first: TypeAndField, ...common }).describe('The value of the oldest event that has one.'),
  last: z.strictObject({ last: TypeAndField, ...common }).describe('The value of the newest event that has one.'),
  distinct: z.strictObject({ distinct: TypeAndField, ...common }).describe('How many different values.'),
  mostFrequent: z
    .strictObject({ mostFrequent: TypeAndField, ...common })
    .describe('Among equally frequent values the one seen last, then the first by bytes.'),
  top: z
    .strictObject({ top: TypeAndField, k: z.int().min(1).max(MOST_TOP).default(10), ...common })
    .describe('The most frequent values with their counts.'),
  timeSince: z.strictObject({ timeSince: Types, ...common }).describe('ms since the newest event.'),
  ratio: z.strictObject({ ratio: z.strictObject({ of: RatioPart, to: RatioPart }), ...windowed }).describe('To six decimals.'),
  decayedCount: z
    .strictObject({ decayedCount: Types, halfLife: Duration, ...common })
    .describe('Events, each half as much with every half-life.'),
  decayedSum: z.strictObject({ decayedSum: TypeAndField, halfLife: Duration, ...common }),
} as const;

/** Events of all users, by a value of theirs. */
export const Count = z
  .strictObject({
    count: Types,
    ...where,
    by: Name.describe('A field of type text: of each of its values the events of a day are counted.'),
  })
  .describe('How many events of all users, by a value of theirs and day.');
export type WrittenCount = z.output<typeof Count>;
/** An event may count in each of them. */
export const MOST_COUNTS = 20;

/** What entries of joins have beside fields. */
export const JOIN_NAMES = ['ts', 'open', 'matches', 'matchTs'] as const;

export type SignalKind = keyof typeof SIGNALS;
export const SIGNAL_KINDS = Object.keys(SIGNALS) as readonly SignalKind[];

export const Session = z.strictObject({
  gap: Duration.meta({ type: 'string', pattern: durationPattern(LONGEST_GAP_MS) })
    .default('30m')
    .describe('A pause this long ends a session; at most 12h.'),
  maxRun: z.literal('48h', 'be 48h: a session also ends at a UTC midnight after a whole day without a pause').default('48h'),
  where: Expression.optional(),
  ends: z.boolean().optional().describe('Whether it is sent out, as an output, that a session ended.'),
  keep: z.strictObject({ count: z.int().min(1).max(MOST_KEPT).default(10), age: Duration.optional() }).prefault({}),
});

export const Segment = z
  .strictObject({
    enter: Expression,
    refresh: Expression.optional().describe('What prolongs it by another ttl; what enters does so in any case.'),
    ttl: Duration.optional().describe('Left this long after the last event that entered or prolonged it.'),
    exit: Expression.optional(),
    absence: z
      .strictObject({ not: Expression, for: Duration })
      .optional()
      .describe('Entered when this long after `enter` no event was `not`; left with the next that is.'),
    byDay: z
      .literal(true, 'be true, or be left out')
      .optional()
      .describe('Whether it is counted by day how many users entered and left.'),
    keep: z.strictObject({ episodes: z.int().min(0).max(MOST_KEPT).default(5) }).prefault({}),
  })
  // What the reader says of both in words.
  .meta({ not: { required: ['refresh'], anyOf: [{ required: ['absence'] }, { required: ['byDay'] }] } });
/** An event may be something to each of them, and is looked at for each when it comes. */
export const MOST_BY_DAY = 10;
