/** The fields of an event that expressions and signals may name: those of every event, and those that definitions take from `properties`. */
import type { Event } from '@tributary/model/event';
import { FIELD_ROWS, type FieldRow } from '@tributary/model/event-fields';

/**
 * - `text`: a whole number in `properties` reads as its digits, as keys of shops do.
 * - `integer`: safe integers; instants are epoch ms, amounts minor units.
 * - `number`: a finite number up to 10⁹ either way. Sums of it count in millionths, so that they are exact.
 */
export const FIELD_TYPES = ['text', 'integer', 'number', 'boolean'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];
export type Scalar = string | number | boolean;

export interface Field {
  readonly type: FieldType;
  /** The keys that lead to it within `properties`; absent: a field of every event. */
  readonly steps?: readonly string[];
  /** undefined: the event has no such value, or one of another type. */
  readonly read: (event: Event) => Scalar | undefined;
}

export type Fields = ReadonlyMap<string, Field>;

/** Bound of a `number`, either way. */
const MOST_NUMBER = 1e9;

const TYPE_OF: Readonly<Record<FieldRow['type'], FieldType | undefined>> = {
  instant: 'integer',
  amount: 'integer',
  text: 'text',
  currency: 'text',
  flag: 'boolean',
  object: undefined,
};

/** Those of every event. A flag is `true` or `false`, never absent. */
export const EVENT_FIELDS: Fields = new Map(
  FIELD_ROWS.flatMap(([name, { type }]) => {
    const known = TYPE_OF[type];
    if (known === undefined) return [];
    const read = type === 'flag' ? (event: Event) => event[name] === true : (event: Event) => event[name] as Scalar | undefined;
    return [[name, { type: known, read }] as const];
  }),
);

/** A field within `properties`. `path`: as `properties.cart.id`. */
export function propertyField(path: string, type: FieldType): Field {
  const [, ...steps] = path.split('.');
  const as = READ_AS[type];
  const [only] = steps;
  if (steps.length === 1 && only !== undefined && !(only in Object.prototype))
    return { type, steps, read: ({ properties }) => as(properties?.[only]) };
  return { type, steps, read: ({ properties }) => as(steps.reduce<unknown>(own, properties)) };
}

function own(of: unknown, name: string): unknown {
  const isObject = typeof of === 'object' && of !== null && !Array.isArray(of);
  return isObject && Object.hasOwn(of, name) ? (of as Readonly<Record<string, unknown>>)[name] : undefined;
}

const READ_AS: Readonly<Record<FieldType, (value: unknown) => Scalar | undefined>> = {
  text: (value) => (typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : undefined),
  integer: (value) => (Number.isSafeInteger(value) ? (value as number) + 0 : undefined),
  number: (value) => (typeof value === 'number' && Math.abs(value) <= MOST_NUMBER ? value + 0 : undefined),
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
};
