/**
 * Sessions: events with less than `gap` between one and the next. A difference of exactly the gap begins a new one, so a session is the
 * half-open time from its first event to its last one plus the gap. A chain without a pause has no end (bots, kiosks), so a session also ends
 * at a UTC midnight behind a whole UTC day without a pause: none is as long as 48 h. Both rules look at neighbours and at the day before
 * alone, so any order of arrival gives the same sessions.
 */
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import type { SessionDefinition } from '../resolved.ts';
import { untilLeft } from '../timeline.ts';
import type { Evaluate, Item } from '../value.ts';
import type { Select } from './select.ts';

export interface Session<One = Event> {
  readonly events: readonly One[];
  readonly fromMs: number;
  /** Its last event plus the gap, or the midnight that cuts it: it is open until then. */
  readonly toMs: number;
}

/** How far before a session its begin may depend on events, given that gaps are at most 12 h. */
export const BEFORE_SESSION_MS = 2 * DAY_MS;
/** A session that is open began within: less than 48 h, and a gap. */
export const OPEN_WITHIN_MS = 3 * DAY_MS;

/** How far back events are looked at to say that sessions ended. */
export const SESSION_ENDS_MS = 14 * DAY_MS;
/** It is not known when a session began that ended within so much of the oldest that is looked at. */
export const UNKNOWN_BEGIN_MS = BEFORE_SESSION_MS + OPEN_WITHIN_MS;

/** `events` in order. */
export function sessionsOf<One extends Pick<Event, 'ts'>>(events: readonly One[], gapMs: number): Session<One>[] {
  const sessions: Session<One>[] = [];
  let own: One[] = [];
  /** The begin of the events without a pause, which may be several sessions. */
  let chainFromMs = 0;
  const close = (atMostMs: number) => {
    const [first, last] = [own[0], own.at(-1)];
    if (first !== undefined && last !== undefined)
      sessions.push({ events: own, fromMs: first.ts, toMs: Math.min(last.ts + gapMs, atMostMs) });
    own = [];
  };
  for (const event of events) {
    const previous = own.at(-1);
    if (previous === undefined) chainFromMs = event.ts;
    else if (event.ts - previous.ts >= gapMs) {
      close(cutBehind(previous.ts, chainFromMs));
      chainFromMs = event.ts;
    } else if (event.ts >= cutBehind(previous.ts, chainFromMs)) close(cutBehind(previous.ts, chainFromMs));
    own.push(event);
  }
  const last = own.at(-1);
  if (last !== undefined) close(cutBehind(last.ts, chainFromMs));
  return sessions;
}

/** The midnight that cuts a chain after this event: the next one, if the day before it is without a pause. */
function cutBehind(ts: number, chainFromMs: number): number {
  const dayFromMs = Math.floor(ts / DAY_MS) * DAY_MS;
  return chainFromMs <= dayFromMs ? dayFromMs + DAY_MS : Number.POSITIVE_INFINITY;
}

export function evaluateSessions({ gapMs, ageMs, count }: SessionDefinition, select: Select): Evaluate {
  return (timeline, asOfMs) => {
    const fromMs = asOfMs - ageMs;
    const events = select(timeline, fromMs - BEFORE_SESSION_MS, asOfMs);
    const sessions = sessionsOf(events, gapMs);
    const kept = sessions
      .filter((session) => session.fromMs >= fromMs)
      .slice(-count)
      .reverse();
    const oldest = kept.at(-1);
    const newest = sessions.at(-1);
    return {
      value: kept.map((session) => itemOf(session, asOfMs)),
      fromMs: (kept.length === count && oldest !== undefined ? oldest.fromMs : fromMs) - BEFORE_SESSION_MS,
      untilMs: Math.min(
        newest !== undefined && newest.toMs > asOfMs ? newest.toMs : Number.POSITIVE_INFINITY,
        oldest === undefined ? Number.POSITIVE_INFINITY : oldest.fromMs + ageMs + 1,
        untilLeft(events, ageMs + BEFORE_SESSION_MS),
      ),
      fromMoves: kept.length < count,
    };
  };
}

/** What a session says of its events. */
export const SHOWN_OF_SESSIONS = ['page', 'channel', 'campaign'] as const;

function itemOf({ events, fromMs, toMs }: Session, asOfMs: number): Item {
  const lastMs = events.at(-1)?.ts ?? fromMs;
  const first = (name: (typeof SHOWN_OF_SESSIONS)[number]) => events.find((event) => event[name] !== undefined)?.[name];
  return {
    from: fromMs,
    last: lastMs,
    to: toMs,
    open: asOfMs < toMs,
    durationMs: lastMs - fromMs,
    events: events.length,
    entryPage: first('page') ?? null,
    exitPage: events.findLast(({ page }) => page !== undefined)?.page ?? null,
    channel: first('channel') ?? null,
    campaign: first('campaign') ?? null,
  };
}
