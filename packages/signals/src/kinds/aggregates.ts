/** Aggregates over a window: sliding to the ms, tumbling, or the session that is open. */

import { multiply, negate } from '@tributary/model/integer';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
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
  return (_, asOfMs) => {
    const fromMs = begins(window, asOfMs);
    return { fromMs, dependsFromMs: fromMs };
  };
}

function begins(window: TimeWindow, asOfMs: number): number {
  const { kind, ms } = window;
  if (kind === 'sawtooth') return wholeBefore(asOfMs - ms, window.hopMs);
  return kind === 'sliding' ? asOfMs - ms : wholeBefore(asOfMs, ms);
}

/** The last whole multiple at or before the instant. */
function wholeBefore(atMs: number, ms: number): number {
  return Math.floor(atMs / ms) * ms;
}

/**
 * How coarsely the beginning of a window moves where `accuracy` is sawtooth: as in Chronon (`windowing/Resolution`, FiveMinuteResolution), so that
 * values of features that move from there stay the same.
 */
export function hopOf(windowMs: number): number {
  if (windowMs >= 12 * DAY_MS) return DAY_MS;
  return windowMs >= 12 * HOUR_MS ? HOUR_MS : 5 * MINUTE_MS;
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
