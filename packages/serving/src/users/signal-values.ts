/**
 * Values of signals, sessions and segments from the bytes of a user's record. Only events that some definition may look at are parsed, and
 * a value is given only where the record is known to hold all that it may depend on: never a smaller number (law 7).
 */
import type { Event } from '@tributary/model/event';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { lineReader } from '@tributary/signals/line-reader';
import { orderedTimeline, type Timeline } from '@tributary/signals/timeline';
import type { SignalValue, Valued } from '@tributary/signals/value';
import { walkNewest } from '@tributary/store/records/signals';
import { NEVER_CUT } from '@tributary/views/user-state';
import { cutOfRecord } from './user-timeline.ts';

/** What is parsed of one record, the newest: to parse holds everybody up. */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 4 * 1024 * 1024;
/** Conditions ask for the time once in this many bytes of events: asking takes longer than most of them do. */
const UNASKED_BYTES = 4 * 1024;

export type ValueStatus = 'READY' | 'BACKFILLING' | 'INCOMPLETE' | 'NOT_COMPUTED' | 'NOT_IN_FORCE';

export interface NamedValue {
  readonly value: SignalValue;
  readonly status: ValueStatus;
  readonly version: string | null;
}

export interface ValueQuestion {
  /** Those asked for, in order; undefined: not in force in the partition of the user. */
  readonly definitions: readonly (SignalDefinition | undefined)[];
  readonly asOfMs: number;
  /** Up to when records of the partition may lack events, as they were kept for less long before, epoch ms; `NEVER_CUT`. */
  readonly keptFromMs: number;
  /** Up to when events may have been let go for their age, epoch ms. */
  readonly agedMs: number;
}

export interface UserValues {
  /** In the order of the definitions. */
  readonly values: readonly NamedValue[];
  /** Up to when the record of this user lacks events that a value asked for, epoch ms; `NEVER_CUT`. */
  readonly lostMs: number;
  /** More was there than is read. */
  readonly bounded: boolean;
  /** When their newest event before `asOf` happened, of any type, epoch ms; -1: there is none, or the time was over before. */
  readonly newestTs: number;
  /** How long the same record gives these values; null: that is not known. */
  readonly lasting: Lasting | null;
}

/** Values that are all READY, and until when the same record gives them: as of any instant from `asOf` on that is before `untilMs`, epoch ms. */
export interface Lasting {
  readonly untilMs: number;
  /** No event before this could have changed one of them, epoch ms, whatever `asOf` is until then. */
  readonly fromMs: number;
  /** The same of values whose begin moves with `asOf`: it is later by as much as `asOf` is. */
  readonly movingFromMs: number;
  /** Places of values that are as many ms more as `asOf` is later. */
  readonly growing: readonly number[];
}

const NEVER = Number.POSITIVE_INFINITY;

class OutOfTime extends Error {}

/** Values of one user after the other. `isOver`: asked before each value and between events; what is left then is not computed. */
export function valuesReader(question: ValueQuestion, isOver: () => boolean): (record: Buffer | null) => UserValues {
  const { definitions, asOfMs, keptFromMs, agedMs } = question;
  const timelineOf = timelineReader(question, () => {
    if (isOver()) throw new OutOfTime();
  });
  return (record) => {
    const { timeline, boundMs, newestTs, hasMarks, isWhole } = isOver() ? NOT_READ : timelineOf(record);
    const markedMs = hasMarks ? cutOfRecord(record) : NEVER_CUT;
    const cutMs = Math.max(markedMs, boundMs, agedMs);
    let lostMs = NEVER_CUT;
    let bounded = false;
    let ready = 0;
    let [untilMs, stayingFromMs, movingFromMs] = [NEVER, NEVER, NEVER];
    const growing: number[] = [];
    const valueAs = (definition: SignalDefinition | undefined, place: number): NamedValue => {
      if (definition === undefined) return { value: null, status: 'NOT_IN_FORCE', version: null };
      const { version } = definition;
      const valued = timeline === null || isOver() ? null : inTime(definition, timeline, asOfMs);
      if (valued === null) return { value: null, status: 'NOT_COMPUTED', version };
      const { value, fromMs } = valued;
      if (valued.untilMs < untilMs) untilMs = valued.untilMs;
      if (valued.grows === true) growing.push(place);
      if (!valued.fromMoves) stayingFromMs = Math.min(stayingFromMs, fromMs);
      else if (fromMs < movingFromMs) movingFromMs = fromMs;
      if (fromMs <= keptFromMs) return { value: null, status: 'BACKFILLING', version };
      if (fromMs > cutMs) {
        ready++;
        return { value, status: 'READY', version };
      }
      if (fromMs <= boundMs) bounded = true;
      if (fromMs <= Math.max(markedMs, agedMs)) lostMs = Math.max(lostMs, markedMs, agedMs);
      return { value: null, status: 'INCOMPLETE', version };
    };
    const values = definitions.map(valueAs);
    const lasting = isWhole && ready === values.length ? { untilMs, fromMs: stayingFromMs, movingFromMs, growing } : null;
    return { values, lostMs, bounded, newestTs, lasting };
  };
}

/** null: the time was over before. */
function inTime({ evaluate }: SignalDefinition, timeline: Timeline, asOfMs: number): Valued | null {
  try {
    return evaluate(timeline, asOfMs);
  } catch (error) {
    if (error instanceof OutOfTime) return null;
    throw error;
  }
}

interface Read {
  readonly timeline: Timeline | null;
  /** Up to when events were left out, as the record has more than are read. */
  readonly boundMs: number;
  readonly newestTs: number;
  /** Whether the record says that it lost something. */
  readonly hasMarks: boolean;
  /** Whether every event of the record was looked at: none is later, and there were not too many. */
  readonly isWhole: boolean;
}

const NOT_READ: Read = { timeline: null, boundMs: NEVER_CUT, newestTs: -1, hasMarks: false, isWhole: false };
const EMPTY: Read = { ...NOT_READ, timeline: orderedTimeline([]) };

/** Events are read as far back as some definition looks, with the fields that one of them reads. */
function timelineReader({ definitions, asOfMs }: ValueQuestion, pause: () => void): (record: Buffer | null) => Read {
  const all = definitions.filter((definition) => definition !== undefined);
  const fromMs = Math.max(0, asOfMs - Math.max(0, ...all.map(({ reachMs }) => reachMs)));
  const names = all.every(({ types }) => types !== null) ? new Set(all.flatMap(({ types }) => types ?? [])) : undefined;
  const selection = { fromMs, toMs: asOfMs, limit: MOST_EVENTS + 1, ...(names !== undefined && { names }) };
  const readLine = lineReader({
    fields: new Set(all.flatMap(({ reads }) => [...reads.fields])),
    properties: new Set(all.flatMap(({ reads }) => [...reads.properties])),
  });
  /** `longestBytes`: of an event. */
  const pauseOf = (longestBytes: number) => {
    const every = Math.max(1, Math.floor(UNASKED_BYTES / longestBytes));
    let left = every;
    return () => {
      if (--left > 0) return;
      left = every;
      pause();
    };
  };
  return (record) => {
    if (record === null || all.length === 0) return EMPTY;
    const events: Event[] = [];
    let [bytes, longest, boundMs] = [0, 1, NEVER_CUT];
    const { newestTs, hasMarks, hasLater } = walkNewest(record, selection, (line) => {
      const length = line.end - line.start;
      bytes += length;
      if (events.length === MOST_EVENTS || bytes > MOST_BYTES) {
        boundMs = line.ts;
        return false;
      }
      if (length > longest) longest = length;
      events.push(readLine(record, line));
      return true;
    });
    const isWhole = !hasLater && boundMs === NEVER_CUT;
    return { timeline: orderedTimeline(events.reverse(), pauseOf(longest)), boundMs, newestTs, hasMarks, isWhole };
  };
}
