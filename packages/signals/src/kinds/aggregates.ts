/** Aggregates over a window: sliding to the ms, tumbling, or the session that is open. */

import { multiply, negate } from '@tributary/model/integer';
import type { Field } from '../expressions/fields.ts';
import type { AggregateDefinition, SessionDefinition, TimeWindow } from '../resolved.ts';
import type { Timeline } from '../timeline.ts';
import type { Evaluate } from '../value.ts';
import { quotient } from './exact.ts';
import { amountOf, MEASURES } from './measures.ts';
import type { Select } from './select.ts';
import { BEFORE_SESSION_MS, OPEN_WITHIN_MS, sessionsOf } from './sessions.ts';

/** Where a window begins. */
interface Begin {
  readonly fromMs: number;
  /** No event before this could have moved it. */
  readonly dependsFromMs: number;
}

export type BeginOf = (timeline: Timeline, asOfMs: number) => Begin;

export interface SessionOfWindow {
  readonly definition: SessionDefinition;
  readonly select: Select;
}

export function beginOf(window: TimeWindow): BeginOf {
  const { kind, ms } = window;
  return (_, asOfMs) => {
    const fromMs = kind === 'sliding' ? asOfMs - ms : Math.floor(asOfMs / ms) * ms;
    return { fromMs, dependsFromMs: fromMs };
  };
}

export function beginOfSession({ definition, select }: SessionOfWindow): BeginOf {
  return (timeline, asOfMs) => {
    const dependsFromMs = asOfMs - OPEN_WITHIN_MS - BEFORE_SESSION_MS;
    const newest = sessionsOf(select(timeline, dependsFromMs, asOfMs), definition.gapMs).at(-1);
    return { fromMs: newest === undefined || newest.toMs <= asOfMs ? asOfMs : newest.fromMs, dependsFromMs };
  };
}

export function evaluateAggregate(
  { measure, k, halfLifeMs }: AggregateDefinition,
  begin: BeginOf,
  select: Select,
  field: Field | null,
): Evaluate {
  const compute = MEASURES[measure];
  const asked = { field, ...(k !== undefined && { k }), ...(halfLifeMs !== undefined && { halfLifeMs }) };
  return (timeline, asOfMs) => {
    const { fromMs, dependsFromMs } = begin(timeline, asOfMs);
    return { value: compute(select(timeline, fromMs, asOfMs), asOfMs, asked), fromMs: dependsFromMs };
  };
}

export interface Part {
  readonly select: Select;
  /** null: events are counted. */
  readonly field: Field | null;
}

/** null where the divisor is 0. */
export function evaluateRatio(begin: BeginOf, of: Part, to: Part): Evaluate {
  return (timeline, asOfMs) => {
    const { fromMs, dependsFromMs } = begin(timeline, asOfMs);
    const amount = ({ select, field }: Part) => amountOf(select(timeline, fromMs, asOfMs), field);
    return { value: divided(amount(of), amount(to)), fromMs: dependsFromMs };
  };
}

type Amount = ReturnType<typeof amountOf>;

function divided(of: Amount, to: Amount): number | null {
  if (to.units === 0) return null;
  const [numerator, denominator] = [multiply(of.units, to.unit), multiply(to.units, of.unit)];
  return denominator < 0 ? quotient(negate(numerator), negate(denominator)) : quotient(numerator, denominator);
}
