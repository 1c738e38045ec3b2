/**
 * The session that a visit joins as the last of all events of its user, without it and with it: nearly all visits come so. What a session is depends on
 * the visits and conversions of its time alone, so these are passed over where they are held, and no timeline is opened for it (step-packed.ts).
 * Where a conversion or a midnight is in sight, the lens has to look; it says the same of all others (test/laws/law-1-joining.test.ts).
 */
import { DAY_MS } from '@tributary/model/time';
import type { Timeline, TimelineEvent } from '../timeline.ts';
import type { Visit } from '../web/visit.ts';
import { GAP_MS, isConversion, NO_CONVERSION, opens, pageOfExit, type Session, VISITS_REACH_MS } from './session.ts';

/** Events of a timeline, each at a place of its own. */
export interface HeldVisits {
  tsAt(place: number): number;
  visitAt(place: number): Pick<Visit, 'does' | 'place'> | undefined;
  engagedMsAt(place: number): number;
  /** Whether it is a conversion, or a repetition of one. */
  convertsAt(place: number): boolean;
}

export interface Joining {
  /** How many events there are from the first visit of the stretch without a pause up to it. */
  readonly passed: number;
  /** Undefined: no session is open. */
  readonly joined: JoinedSession | undefined;
}

interface JoinedSession {
  readonly before: Session;
  readonly now: Session;
  /** How many events lie before it, within reach of it. */
  readonly reached: number;
}

/** What a visit does that comes behind the events at the places `[from, to)`, all of its user. Undefined: the timeline has to be opened. */
export function joiningOf(held: HeldVisits, from: number, to: number, event: TimelineEvent): Joining | undefined {
  const { ts, visit } = event;
  if (visit === undefined || (to > from && held.tsAt(to - 1) >= ts)) return undefined;
  const dayFromMs = Math.floor(ts / DAY_MS) * DAY_MS;
  let first = to;
  let firstTs = ts;
  let last = -1;
  let converts = false;
  let views = 0;
  let engagedMs = 0;
  let exit: string | undefined;
  /** Up to the visit that opens the session, as it is known so far. */
  let opener = -1;
  let engagedMsOfIt = 0;
  for (let own = to - 1; own >= from; own--) {
    if (held.convertsAt(own)) converts = true;
    const earlier = held.visitAt(own);
    if (earlier === undefined) continue;
    const ownTs = held.tsAt(own);
    if (firstTs - ownTs >= GAP_MS) break;
    if (ownTs < dayFromMs) return undefined;
    engagedMs += held.engagedMsAt(own);
    if (earlier.does === 'views') {
      views++;
      exit ??= earlier.place;
    }
    if (opens(earlier)) {
      opener = own;
      engagedMsOfIt = engagedMs;
    }
    if (last < 0) last = own;
    first = own;
    firstTs = ownTs;
  }
  if (opener < 0) return { passed: to - first, joined: undefined };
  // One that lies before the session is none of its own; that is for the lens as well.
  if (converts) return undefined;
  const fromTs = held.tsAt(opener);
  const entry = held.visitAt(opener)?.place ?? '';
  const before: Session = {
    fromTs,
    entry,
    exit: pageOfExit(exit ?? entry),
    views,
    durationMs: held.tsAt(last) - fromTs,
    engagedMs: engagedMsOfIt,
    converts: false,
    conversions: NO_CONVERSION,
    events: last - opener + 1,
  };
  const reached = opener - firstSince(held, from, opener, fromTs - VISITS_REACH_MS);
  return { passed: to - first, joined: { before, now: goneOn(before, ts, visit, to - opener + 1), reached } };
}

/** Events as objects. */
export function visitsOf(events: Timeline): HeldVisits {
  return {
    tsAt: (place) => (events[place] as TimelineEvent).ts,
    visitAt: (place) => events[place]?.visit,
    engagedMsAt: (place) => events[place]?.visit?.engagedMs ?? 0,
    convertsAt: (place) => isConversion(events[place] as TimelineEvent),
  };
}

/** The first place in `[from, to)` of an event at `ts` or later; `to`: there is none. */
function firstSince(held: HeldVisits, from: number, to: number, ts: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (held.tsAt(middle) < ts) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** With a visit more. */
function goneOn({ fromTs, entry, exit, views, engagedMs }: Session, ts: number, visit: Visit, events: number): Session {
  const isView = visit.does === 'views';
  return {
    fromTs,
    entry,
    exit: isView ? pageOfExit(visit.place) : exit,
    views: isView ? views + 1 : views,
    durationMs: ts - fromTs,
    engagedMs: engagedMs + visit.engagedMs,
    converts: false,
    conversions: NO_CONVERSION,
    events,
  };
}
