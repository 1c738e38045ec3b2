/**
 * Sessions of visitors: web events with less than 30 min between one and the next, from the first that opens one. A difference of exactly 30 min begins
 * a new one; no midnight does, but the one behind a whole UTC day without a pause, so that none is as long as 48 h (bots, kiosks). Each rule
 * looks at neighbours and at the day before alone, so any order of arrival gives the same sessions.
 */
import type { Definitions } from '@tributary/model/definitions';
import { DAY_MS, MINUTE_MS } from '@tributary/model/time';
import { lowerBound, type Timeline, type TimelineEvent } from '../timeline.ts';
import type { Lens } from '../view.ts';
import type { Visit } from '../web/visit.ts';
import { takeWork, type Work } from '../work.ts';

export const GAP_MS = 30 * MINUTE_MS;
/** An event is in the session of an anchor before it, which is shorter than 48 h. */
const REVISABLE_MS = 2 * DAY_MS;
/** Whether an event opens a session depends on the day before it; it opens the first one behind a midnight that much later at most. */
export const VISITS_REACH_MS = 4 * DAY_MS;
/** How long visits are looked at behind the first event that may change a session. */
export const VISITS_MS = VISITS_REACH_MS + REVISABLE_MS;
/** A bounce was engaged for less. */
export const ENGAGED_MS = 10_000;

export interface Session {
  /** When the first event that opens one happened, epoch ms. */
  readonly fromTs: number;
  /** Its page, class of viewports, channel and campaign, joined by tabs. */
  readonly entry: string;
  /** Page and class of viewports of the last view; of the entry where nothing was viewed. */
  readonly exit: string;
  readonly views: number;
  readonly durationMs: number;
  readonly engagedMs: number;
  /** A conversion lies between its begin and its end, which is a gap after its last event: repetitions too, which say as much of a session. */
  readonly converts: boolean;
  /** Those of them that count. */
  readonly conversions: readonly TimelineEvent[];
  readonly events: number;
}

/** A session hangs on the event that opens it. */
export const SESSION: Lens<Session> = {
  // Whether a conversion counts may depend on one before it.
  reachMs: ({ web, longestOnceMs }) => (web === undefined ? 0 : Math.max(VISITS_REACH_MS, longestOnceMs)),
  revisableMs: ({ web }) => (web === undefined ? 0 : REVISABLE_MS),
  affected: anchorsAround,
  look: sessionFrom,
  sizeOf: ({ events, conversions }) => Math.ceil(events / EVENTS_A_UNIT) + conversions.length,
};

/** Passing over a few events is as much work as showing one to a view. */
const EVENTS_A_UNIT = 8;
/** Finding the sessions around an event takes 65 ns for each event between the first and the last that it passes over. */
export const PASSED_A_UNIT = 4;

/** Whether sessions look at it. */
export function isOfSessions(event: TimelineEvent): boolean {
  return event.visit !== undefined || isConversion(event);
}

/** Repetitions too. */
export function isConversion({ kind, once }: Pick<TimelineEvent, 'kind' | 'once'>): boolean {
  return kind === 'conversion' || once !== '';
}

export function opens(visit: Pick<Visit, 'does'> | undefined): boolean {
  return visit !== undefined && visit.does !== 'extends';
}

function tsAt(timeline: Timeline, at: number): number {
  return (timeline[at] as TimelineEvent).ts;
}

/** The index of the visit before; −1: there is none. */
function visitBefore(timeline: Timeline, at: number): number {
  let before = at - 1;
  while (before >= 0 && timeline[before]?.visit === undefined) before--;
  return before;
}

/** The index of the visit after; the length: there is none. */
function visitAfter(timeline: Timeline, at: number): number {
  let after = at + 1;
  while (after < timeline.length && timeline[after]?.visit === undefined) after++;
  return after;
}

/**
 * When the session of the visit ends at the latest: at the next midnight, if the day before it is without a pause. `unbrokenFrom`: a visit from
 * which on there is none up to this one.
 */
function cutBehind(timeline: Timeline, at: number, unbrokenFrom = at): number {
  const dayFromMs = Math.floor(tsAt(timeline, at) / DAY_MS) * DAY_MS;
  for (let own = unbrokenFrom; tsAt(timeline, own) > dayFromMs; ) {
    const before = visitBefore(timeline, own);
    if (before < 0 || tsAt(timeline, own) - tsAt(timeline, before) >= GAP_MS) return Number.POSITIVE_INFINITY;
    own = before;
  }
  return dayFromMs + DAY_MS;
}

/** Whether another session begins between two visits, of which `later` follows. */
function isParted(timeline: Timeline, at: number, later: number): boolean {
  const ts = tsAt(timeline, at);
  const laterTs = tsAt(timeline, later);
  if (laterTs - ts >= GAP_MS) return true;
  const nextDayMs = (Math.floor(ts / DAY_MS) + 1) * DAY_MS;
  return laterTs >= nextDayMs && laterTs >= cutBehind(timeline, at);
}

function sessionFrom(timeline: Timeline, at: number): Session | null {
  const first = timeline[at] as TimelineEvent;
  if (!opens(first.visit)) return null;
  for (let later = at, own = visitBefore(timeline, at); own >= 0; later = own, own = visitBefore(timeline, own)) {
    if (isParted(timeline, own, later)) break;
    if (opens(timeline[own]?.visit)) return null;
  }
  const entry = (first.visit as Visit).place;
  let exit = entry;
  let [views, engagedMs, last] = [0, 0, at];
  for (let own = at; own < timeline.length; own = visitAfter(timeline, own)) {
    if (own !== at && isParted(timeline, last, own)) break;
    const visit = (timeline[own] as TimelineEvent).visit as Visit;
    engagedMs += visit.engagedMs;
    if (visit.does === 'views') {
      views++;
      exit = visit.place;
    }
    last = own;
  }
  const lastTs = tsAt(timeline, last);
  const converting = conversionsIn(timeline, first.ts, Math.min(lastTs + GAP_MS, cutBehind(timeline, last, at)));
  return {
    ...{ fromTs: first.ts, entry, exit: pageOfExit(exit), views, durationMs: lastTs - first.ts, engagedMs },
    ...{
      converts: converting.length > 0,
      conversions: converting.filter(({ kind }) => kind === 'conversion'),
      events: last - at + 1,
    },
  };
}

/** Without channel and campaign. */
export function pageOfExit(place: string): string {
  return place.slice(0, place.indexOf('\t', place.indexOf('\t') + 1));
}

function conversionsIn(timeline: Timeline, fromMs: number, toMs: number): readonly TimelineEvent[] {
  let found: TimelineEvent[] | undefined;
  for (let at = lowerBound(timeline, fromMs); at < timeline.length && tsAt(timeline, at) < toMs; at++) {
    const event = timeline[at] as TimelineEvent;
    if (isConversion(event)) (found ??= []).push(event);
  }
  return found ?? NO_CONVERSION;
}

export const NO_CONVERSION: readonly TimelineEvent[] = [];

/**
 * The anchors of the sessions that the event may begin, join, part, change or end, as they are with it and without it: of the stretch of visits
 * around it, whose neighbours have less than a gap between them.
 */
function anchorsAround(timeline: Timeline, at: number, _: Definitions, work: Work): readonly number[] {
  const event = timeline[at] as TimelineEvent;
  if (!isOfSessions(event)) return NOTHING;
  const stretch: number[] = event.visit === undefined ? [] : [at];
  const leastTs = event.ts - REVISABLE_MS - REVISABLE_MS;
  let isCutOff = false;
  for (let ts = event.ts, own = visitBefore(timeline, at); own >= 0; own = visitBefore(timeline, own)) {
    if (ts - tsAt(timeline, own) >= GAP_MS) break;
    ts = tsAt(timeline, own);
    stretch.push(own);
    if ((isCutOff = ts < leastTs)) break;
  }
  stretch.reverse();
  for (let ts = event.ts, own = visitAfter(timeline, at); own < timeline.length; own = visitAfter(timeline, own)) {
    if (tsAt(timeline, own) - ts >= GAP_MS || tsAt(timeline, own) > event.ts + VISITS_REACH_MS) break;
    ts = tsAt(timeline, own);
    stretch.push(own);
  }
  takeWork(work, ((stretch.at(-1) ?? at) - (stretch[0] ?? at)) / PASSED_A_UNIT);
  const before = event.visit === undefined ? stretch : stretch.filter((own) => own !== at);
  const openers = openersOf(timeline, before, isCutOff);
  // Who opens a session depends on visits before alone: without a later visit the event changes nothing about it.
  if (event.visit === undefined || stretch.at(-1) === at) return openers;
  return [...new Set([...openers, ...openersOf(timeline, stretch, isCutOff)])].filter((own) => own !== at).sort((a, b) => a - b);
}

const NOTHING: readonly number[] = [];

/** `isCutOff`: the stretch had begun before, without a pause. */
function openersOf(timeline: Timeline, stretch: readonly number[], isCutOff: boolean): number[] {
  const found: number[] = [];
  let unbrokenFromTs = isCutOff ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  let previousTs = Number.NEGATIVE_INFINITY;
  let isOpen = false;
  for (const own of stretch) {
    const ts = tsAt(timeline, own);
    const dayFromMs = Math.floor(previousTs / DAY_MS) * DAY_MS;
    if (ts - previousTs >= GAP_MS) {
      if (previousTs !== Number.NEGATIVE_INFINITY || !isCutOff) unbrokenFromTs = ts;
      isOpen = false;
    } else if (ts >= dayFromMs + DAY_MS && unbrokenFromTs <= dayFromMs) isOpen = false;
    if (!isOpen && opens(timeline[own]?.visit)) {
      found.push(own);
      isOpen = true;
    }
    previousTs = ts;
  }
  return found;
}
