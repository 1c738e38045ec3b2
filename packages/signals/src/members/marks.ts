/**
 * What a user's events are to one segment, and nothing else of them: a number for each event that enters, prolongs or ends, in order. From these
 * alone follow the episodes, whatever order the events came in.
 */
import type { Event } from '@tributary/model/event';
import type { SegmentParts } from '../definitions/read.ts';
import { type Episodes, episodesSeen, type Instant } from '../kinds/segments.ts';
import { sessionsOf } from '../kinds/sessions.ts';

/** `ts` × 8, and what the event is to the segment. */
export type Mark = number;

const EXITS = 4;
const ENTERS = 2;
const REFRESHES = 1;
const STEP = 8;

/** As many events the API looks at. */
const MOST_EVENTS = 10_000;
/** An event of a user is some walks over the marks of each segment that it is something to: a walk over this many takes some 2 ms. */
const MOST_MARKS_OF_USER = 40_000;
const FEWEST_MARKS = 400;

/** Marks of one user and segment among this many segments, and events of a record that are looked at; the oldest beyond it are let go. */
export function mostMarks(segments: number): number {
  return Math.max(FEWEST_MARKS, Math.min(MOST_EVENTS, Math.floor(MOST_MARKS_OF_USER / segments)));
}

/** null: it is nothing to the segment. */
export function markOf({ conditions, types }: SegmentParts, event: Event): Mark | null {
  if (types !== null && !types.has(event.type)) return null;
  const { enter, exit, not, refresh } = conditions;
  const exits = exit?.(event) === true || not?.(event) === true ? EXITS : 0;
  const is = exits + (enter(event) ? ENTERS : 0) + (refresh?.(event) === true ? REFRESHES : 0);
  return is === 0 ? null : event.ts * STEP + is;
}

/** In its place; nearly always it is the newest. */
export function addMark(marks: Mark[], mark: Mark): void {
  let at = marks.length;
  while (at > 0 && (marks[at - 1] as Mark) > mark) at--;
  marks.splice(at, 0, mark);
}

/** One such mark less, if there is one. */
export function removeMark(marks: Mark[], mark: Mark): void {
  const at = marks.lastIndexOf(mark);
  if (at >= 0) marks.splice(at, 1);
}

/** Lets go of marks before an instant, and of the oldest where there are more than `most`. Up to when marks are missing for their number; null: none is. */
export function pruneMarks(marks: Mark[], fromMs: number, most: number): number | null {
  let gone = 0;
  while (gone < marks.length && (marks[gone] as Mark) < fromMs * STEP) gone++;
  const over = marks.length - gone - most;
  const lostMs = over > 0 ? instantOf(marks[gone + over - 1] as Mark) : null;
  if (gone > 0 || over > 0) marks.splice(0, gone + Math.max(0, over));
  return lostMs;
}

/** Whether none lies before the instant. */
export function areAllFrom(marks: readonly Mark[], fromMs: number): boolean {
  return marks.length === 0 || (marks[0] as Mark) >= fromMs * STEP;
}

/** Those of `fromMs` and later. */
export function episodesOf({ definition }: Pick<SegmentParts, 'definition'>, marks: readonly Mark[], fromMs: number): Episodes {
  if (definition.kind === 'session') return sessionsOfMarks(definition.gapMs, marks, fromMs);
  const instants: Instant[] = [];
  for (const mark of marks) {
    const ts = instantOf(mark);
    if (ts < fromMs) continue;
    const last = instants.at(-1);
    const exits = (mark & EXITS) !== 0;
    const enters = (mark & ENTERS) !== 0;
    const refreshes = (mark & REFRESHES) !== 0;
    if (last?.ts !== ts) instants.push({ ts, exits, enters, refreshes });
    else {
      last.exits ||= exits;
      last.enters ||= enters;
      last.refreshes ||= refreshes;
    }
  }
  return episodesSeen(definition, instants, fromMs);
}

function sessionsOfMarks(gapMs: number, marks: readonly Mark[], fromMs: number): Episodes {
  const events = marks.map((mark) => ({ ts: instantOf(mark) })).filter(({ ts }) => ts >= fromMs);
  return sessionsOf(events, gapMs).map((session) => ({ from: session.fromMs, to: session.toMs }));
}

function instantOf(mark: Mark): number {
  return Math.floor(mark / STEP);
}
