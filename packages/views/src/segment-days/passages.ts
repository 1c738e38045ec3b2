/**
 * Who enters and leaves segments that are counted by day (packages/signals/src/kinds/segments.ts says when). A row hangs on an instant at which the
 * user's events enter or exit, and follows from its neighbours alone: from the one before, whether the user was in; from the one after, whether
 * they leave because time passes. Leaves are dated ahead; no clock is asked.
 */
import type { Definitions } from '@tributary/model/definitions';
import { dayOf } from '@tributary/model/time';
import { type DaySegment, daySegmentsOf } from '@tributary/signals/definitions/segment-days';
import type { RowKey } from '../deltas.ts';
import { lowerBound, type Timeline, type TimelineEvent } from '../timeline.ts';
import type { Lens } from '../view.ts';
import { takeWork, type Work } from '../work.ts';
import { ENTERS, EXITS, markAt } from './marks.ts';

export interface Passages {
  /** Keys of rows. */
  readonly entered: readonly RowKey[];
  readonly left: readonly RowKey[];
  /** Events that were passed over. */
  readonly events: number;
}

const longestMs = (definitions: Definitions) => daySegmentsOf(definitions).longestMs;

/** Passages hang on the first event of an instant that is something to their segment. */
export const PASSAGES: Lens<Passages> = {
  reachMs: longestMs,
  revisableMs: longestMs,
  affected: neighbours,
  look: passagesAt,
  sizeOf: ({ events }) => Math.ceil(events / EVENTS_A_UNIT),
};

/** Passing over a few events is as much work as showing one to a view. */
const EVENTS_A_UNIT = 8;

interface Instant {
  readonly ts: number;
  /** Whatever the ids: on one instant who exits does so before who enters. */
  readonly enters: boolean;
  readonly exits: boolean;
}

function tsAt(timeline: Timeline, at: number): number {
  return (timeline[at] as TimelineEvent).ts;
}

/** The event before `at` that is something to the segment, no further back than `fromMs`; −1: there is none. */
function markedBefore(timeline: Timeline, at: number, segment: number, fromMs: number): number {
  for (let own = at - 1; own >= 0 && tsAt(timeline, own) >= fromMs; own--)
    if (markAt(timeline[own]?.marks, segment) !== 0) return own;
  return -1;
}

/** The one after, no later than `toMs`; −1. */
function markedAfter(timeline: Timeline, at: number, segment: number, toMs: number): number {
  for (let own = at + 1; own < timeline.length && tsAt(timeline, own) <= toMs; own++)
    if (markAt(timeline[own]?.marks, segment) !== 0) return own;
  return -1;
}

/** All that happens at the instant of the event. */
function instantOf(timeline: Timeline, at: number, segment: number): Instant {
  const ts = tsAt(timeline, at);
  let mark = 0;
  for (let own = at; own >= 0 && tsAt(timeline, own) === ts; own--) mark |= markAt(timeline[own]?.marks, segment);
  for (let own = at + 1; own < timeline.length && tsAt(timeline, own) === ts; own++)
    mark |= markAt(timeline[own]?.marks, segment);
  return { ts, enters: (mark & ENTERS) !== 0, exits: (mark & EXITS) !== 0 };
}

function passagesAt(timeline: Timeline, at: number, definitions: Definitions): Passages | null {
  const { marks } = timeline[at] as TimelineEvent;
  if (marks === undefined) return null;
  const [entered, left]: [RowKey[], RowKey[]] = [[], []];
  let events = 0;
  for (const [i, segment] of daySegmentsOf(definitions).all.entries()) {
    if (markAt(marks, i) === 0) continue;
    const ts = tsAt(timeline, at);
    if (markedBefore(timeline, at, i, ts) >= 0) continue;
    const longest = (segment.forMs ?? 0) + segment.ttlMs;
    const earlier = markedBefore(timeline, at, i, ts - longest);
    const later = nextInstant(timeline, at, i, ts + longest);
    events += (later < 0 ? timeline.length : later) - Math.max(0, earlier);
    const before = earlier < 0 ? undefined : instantOf(timeline, earlier, i);
    const passes = segment.forMs === null ? ofPresence : ofAbsence;
    const own = passes(segment, instantOf(timeline, at, i), before, later < 0 ? Number.POSITIVE_INFINITY : tsAt(timeline, later));
    const keyOf = (ms: number) => `${dayOf(ms)}\t${segment.name}\t${segment.version}`;
    entered.push(...own.entered.map(keyOf));
    left.push(...own.left.map(keyOf));
  }
  return entered.length + left.length === 0 ? null : { entered, left, events };
}

/** The first marked event behind the instant of `at`. */
function nextInstant(timeline: Timeline, at: number, segment: number, toMs: number): number {
  const ts = tsAt(timeline, at);
  let own = at;
  do own = markedAfter(timeline, own, segment, toMs);
  while (own >= 0 && tsAt(timeline, own) === ts);
  return own;
}

interface Passes {
  readonly entered: readonly number[];
  readonly left: readonly number[];
}

/** In from the instant that enters on, for `ttl` after the last one. */
function ofPresence({ ttlMs }: DaySegment, own: Instant, before: Instant | undefined, nextMs: number): Passes {
  const isIn = before?.enters === true && own.ts < before.ts + ttlMs;
  const endMs = own.ts + ttlMs;
  return {
    entered: own.enters && (!isIn || own.exits) ? [own.ts] : [],
    left: [...(isIn && own.exits ? [own.ts] : []), ...(own.enters && endMs <= nextMs ? [endMs] : [])],
  };
}

/** In when for so long after the instant that enters there was no other one. */
function ofAbsence({ forMs, ttlMs }: DaySegment, own: Instant, _: Instant | undefined, nextMs: number): Passes {
  const fromMs = own.ts + (forMs as number);
  if (!own.enters || fromMs >= nextMs) return NO_PASSES;
  return { entered: [fromMs], left: [Math.min(nextMs, fromMs + ttlMs)] };
}

const NO_PASSES: Passes = { entered: [], left: [] };
const NOTHING: readonly number[] = [];

/** The anchors of the instants before and after the event, and that of its own one without it. */
function neighbours(timeline: Timeline, at: number, definitions: Definitions, work: Work): readonly number[] {
  const { marks, ts } = timeline[at] as TimelineEvent;
  if (marks === undefined) return NOTHING;
  const found = new Set<number>();
  for (const [i, { forMs, ttlMs }] of daySegmentsOf(definitions).all.entries()) {
    if (markAt(marks, i) === 0) continue;
    const longest = (forMs ?? 0) + ttlMs;
    const first = firstOf(timeline, at, i);
    const beside = first === at ? markedAfter(timeline, at, i, ts) : first;
    const earlier = markedBefore(timeline, first, i, ts - longest);
    const later = nextInstant(timeline, at, i, ts + longest);
    if (beside >= 0) found.add(beside);
    if (earlier >= 0) found.add(firstOf(timeline, earlier, i));
    if (later >= 0) found.add(later);
    takeWork(work, ((later < 0 ? timeline.length : later) - Math.max(0, earlier)) / EVENTS_A_UNIT);
  }
  return [...found].sort((a, b) => a - b);
}

/** The anchor of the instant of a marked event. */
function firstOf(timeline: Timeline, at: number, segment: number): number {
  const ts = tsAt(timeline, at);
  for (let own = lowerBound(timeline, ts); own < at; own++) if (markAt(timeline[own]?.marks, segment) !== 0) return own;
  return at;
}
