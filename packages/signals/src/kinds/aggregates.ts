/** Aggregates over a window: sliding to the ms, tumbling, or the session that is open. */
import { multiply, negate } from '@tributary/model/integer';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import type { Field } from '../expressions/fields.ts';
import type { AggregateDefinition, SessionDefinition, TimeWindow } from '../resolved.ts';
import { type Timeline, untilLeft } from '../timeline.ts';
import type { Evaluate } from '../value.ts';
import { quotient } from './exact.ts';
import { amountOf, MEASURES, untilWeightsChange } from './measures.ts';
import type { Select } from './select.ts';
import { BEFORE_SESSION_MS, OPEN_WITHIN_MS, sessionsOf } from './sessions.ts';

/** Where a window begins. */
interface Begin {
  readonly fromMs: number;
  /** No event before this could have moved it. */
  readonly dependsFromMs: number;
  /** As of this instant it may begin elsewhere, though no event leaves. */
  readonly untilMs: number;
  /** It begins later by as much as `asOf` is later, so that an event leaves it when it is older than this, ms; null: it stays. */
  readonly leavesAfterMs: number | null;
}

export type BeginOf = (timeline: Timeline, asOfMs: number) => Begin;

export interface SessionOfWindow {
  readonly definition: SessionDefinition;
  readonly select: Select;
}

export function beginOf(window: TimeWindow): BeginOf {
  return (_, asOfMs) => {
    const { ms } = window;
    const fromMs = begins(window, asOfMs);
    if (window.kind === 'sliding') return { fromMs, dependsFromMs: fromMs, untilMs: Number.POSITIVE_INFINITY, leavesAfterMs: ms };
    const untilMs = fromMs + ms + (window.kind === 'sawtooth' ? window.hopMs : 0);
    return { fromMs, dependsFromMs: fromMs, untilMs, leavesAfterMs: null };
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
    const dependsFromMs = asOfMs - REACH_OF_SESSION_MS;
    const events = select(timeline, dependsFromMs, asOfMs);
    const newest = sessionsOf(events, definition.gapMs).at(-1);
    const isOpen = newest !== undefined && newest.toMs > asOfMs;
    const leavesMs = untilLeft(events, REACH_OF_SESSION_MS);
    return {
      fromMs: isOpen ? newest.fromMs : asOfMs,
      dependsFromMs,
      untilMs: isOpen ? Math.min(newest.toMs, leavesMs) : leavesMs,
      leavesAfterMs: REACH_OF_SESSION_MS,
    };
  };
}

const REACH_OF_SESSION_MS = OPEN_WITHIN_MS + BEFORE_SESSION_MS;

export function evaluateAggregate(
  { measure, k, halfLifeMs }: AggregateDefinition,
  begin: BeginOf,
  select: Select,
  field: Field | null,
): Evaluate {
  const compute = MEASURES[measure];
  const grows = measure === 'timeSince';
  const asked = { field, ...(k !== undefined && { k }), ...(halfLifeMs !== undefined && { halfLifeMs }) };
  return (timeline, asOfMs) => {
    const { fromMs, dependsFromMs, untilMs, leavesAfterMs } = begin(timeline, asOfMs);
    const events = select(timeline, fromMs, asOfMs);
    const value = compute(events, asOfMs, asked);
    const leftMs = Math.min(untilMs, untilLeft(events, leavesAfterMs));
    const fromMoves = leavesAfterMs !== null;
    if (grows && value !== null) return { value, fromMs: dependsFromMs, untilMs: leftMs, fromMoves, grows };
    const sameMs = halfLifeMs === undefined ? leftMs : Math.min(leftMs, untilWeightsChange(events, asOfMs, halfLifeMs));
    return { value, fromMs: dependsFromMs, untilMs: sameMs, fromMoves };
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
    const { fromMs, dependsFromMs, untilMs, leavesAfterMs } = begin(timeline, asOfMs);
    const [ofEvents, toEvents] = [of.select(timeline, fromMs, asOfMs), to.select(timeline, fromMs, asOfMs)];
    return {
      value: divided(amountOf(ofEvents, of.field), amountOf(toEvents, to.field)),
      fromMs: dependsFromMs,
      untilMs: Math.min(untilMs, untilLeft(ofEvents, leavesAfterMs), untilLeft(toEvents, leavesAfterMs)),
      fromMoves: leavesAfterMs !== null,
    };
  };
}

type Amount = ReturnType<typeof amountOf>;

function divided(of: Amount, to: Amount): number | null {
  if (to.units === 0) return null;
  const [numerator, denominator] = [multiply(of.units, to.unit), multiply(to.units, of.unit)];
  return denominator < 0 ? quotient(negate(numerator), negate(denominator)) : quotient(numerator, denominator);
}
