/** What aggregates say of the events in a window, oldest first. */
import type { Event } from '@tributary/model/event';
import { add, type Integer, multiply, subtract } from '@tributary/model/integer';
import type { Field, Scalar } from '../expressions/fields.ts';
import type { AggregateDefinition, Measure } from '../resolved.ts';
import { compareText } from '../text-order.ts';
import type { SignalValue } from '../value.ts';
import { inWholes, quotient, sumOf, sumOfSquares, unitsIn, unitsOf } from './exact.ts';

interface Asked extends Pick<AggregateDefinition, 'k' | 'halfLifeMs'> {
  /** null: the measure is of events. */
  readonly field: Field | null;
}

type Compute = (events: readonly Event[], asOfMs: number, asked: Asked) => SignalValue;

export const MEASURES: Readonly<Record<Measure, Compute>> = {
  count: (events) => events.length,
  sum(events, _, { field }) {
    const [units, type] = unitsAmong(events, field);
    return inWholes(sumOf(units), type);
  },
  min: (events, _, { field }) => extreme(events, field, Math.min),
  max: (events, _, { field }) => extreme(events, field, Math.max),
  mean(events, _, { field }) {
    const [units, type] = unitsAmong(events, field);
    return units.length === 0 ? null : quotient(sumOf(units), multiply(units.length, unitsIn(type)));
  },
  variance(events, _, { field }) {
    const [units, type] = unitsAmong(events, field);
    const count = units.length;
    const sum = sumOf(units);
    const unit = multiply(count, unitsIn(type));
    return count === 0
      ? null
      : quotient(subtract(multiply(count, sumOfSquares(units)), multiply(sum, sum)), multiply(unit, unit));
  },
  first: (events, _, { field }) => firstOf(events, field),
  last: (events, _, { field }) => firstOf(events.toReversed(), field),
  distinct: (events, _, { field }) => new Set(valuesOf(events, field)).size,
  mostFrequent(events, _, { field }) {
    let first: Ranked | undefined;
    for (const one of counted(events, field)) if (first === undefined || byRank(one, first) < 0) first = one;
    return first?.value ?? null;
  },
  top: (events, _, { field, k }) =>
    [...counted(events, field)]
      .sort(byRank)
      .slice(0, k)
      .map(({ value, count }) => ({ value, count })),
  timeSince(events, asOfMs) {
    const newest = events.at(-1);
    return newest === undefined ? null : asOfMs - newest.ts;
  },
  decayedCount: (events, asOfMs, { halfLifeMs }) => decayed(events, asOfMs, halfLifeMs, () => 1, 1),
  decayedSum: (events, asOfMs, { field, halfLifeMs }) =>
    decayed(events, asOfMs, halfLifeMs, (event) => unitsAmong([event], field)[0][0] ?? 0, unitsIn(typeOf(field))),
};

function typeOf(field: Field | null) {
  return field?.type ?? 'integer';
}

/** Those of the events that have one. */
function valuesOf(events: readonly Event[], field: Field | null): Scalar[] {
  const values: Scalar[] = [];
  if (field === null) return values;
  for (const event of events) {
    const value = field.read(event);
    if (value !== undefined) values.push(value);
  }
  return values;
}

function unitsAmong(events: readonly Event[], field: Field | null) {
  const type = typeOf(field);
  const values = valuesOf(events, field) as number[];
  return [type === 'number' ? values.map((value) => unitsOf(value, type)) : values, type] as const;
}

/** What ratios divide: the number of events where there is not a field, else the sum of its values. */
export function amountOf(events: readonly Event[], field: Field | null): { readonly units: Integer; readonly unit: Integer } {
  if (field === null) return { units: events.length, unit: 1 };
  const [units, type] = unitsAmong(events, field);
  return { units: sumOf(units), unit: unitsIn(type) };
}

function extreme(events: readonly Event[], field: Field | null, of: (a: number, b: number) => number): number | null {
  const values = valuesOf(events, field) as number[];
  return values.length === 0 ? null : values.reduce((a, b) => of(a, b));
}

function firstOf(events: readonly Event[], field: Field | null): Scalar | null {
  for (const event of events) {
    const value = field?.read(event);
    if (value !== undefined) return value;
  }
  return null;
}

interface Ranked {
  readonly value: Scalar;
  count: number;
  lastTs: number;
}

/** Each value once. */
function counted(events: readonly Event[], field: Field | null): Iterable<Ranked> {
  const byValue = new Map<Scalar, Ranked>();
  if (field === null) return [];
  for (const event of events) {
    const value = field.read(event);
    if (value === undefined) continue;
    const known = byValue.get(value);
    if (known === undefined) byValue.set(value, { value, count: 1, lastTs: event.ts });
    else {
      known.count++;
      known.lastTs = event.ts;
    }
  }
  return byValue.values();
}

/** By count, then the one seen last, then by bytes. */
function byRank(a: Ranked, b: Ranked): number {
  return b.count - a.count || b.lastTs - a.lastTs || compareText(String(a.value), String(b.value));
}

/** Steps in which a value halves: within one of them the weight stays, which is 0.07 % of it. */
const STEPS = 1_024;
/** Weight at age 0: 30 halvings later nothing is left. */
const WHOLE_BITS = 30;
const WEIGHTS = Array.from({ length: STEPS }, (_, step) => Math.round(2 ** (WHOLE_BITS - step / STEPS)));

function weightOf(ageMs: number, halfLifeMs: number): number {
  const steps = Math.floor((ageMs * STEPS) / halfLifeMs);
  const halvings = Math.floor(steps / STEPS);
  return halvings > WHOLE_BITS ? 0 : Math.floor((WEIGHTS[steps % STEPS] as number) / 2 ** halvings);
}

/** The first instant after `asOfMs` as of which one of the events has another weight. */
export function untilWeightsChange(events: readonly Event[], asOfMs: number, halfLifeMs: number): number {
  let untilMs = Number.POSITIVE_INFINITY;
  for (const { ts } of events) {
    const steps = Math.floor(((asOfMs - ts) * STEPS) / halfLifeMs);
    // Exact: ages and half-lives are at most some years, so their products are safe integers, and STEPS is a power of two.
    if (steps < (WHOLE_BITS + 1) * STEPS) untilMs = Math.min(untilMs, ts + Math.ceil(((steps + 1) * halfLifeMs) / STEPS));
  }
  return untilMs;
}

/** Σ units · weight, to six decimals; `units` of an event, `unit` of which make 1. */
function decayed(
  events: readonly Event[],
  asOfMs: number,
  halfLifeMs = 1,
  units: (event: Event) => number,
  unit: Integer,
): number {
  let sum: Integer = 0;
  for (const event of events) sum = add(sum, multiply(units(event), weightOf(asOfMs - event.ts, halfLifeMs)));
  return quotient(sum, multiply(unit, 2 ** WHOLE_BITS));
}
