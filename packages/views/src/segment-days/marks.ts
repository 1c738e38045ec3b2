/** What an event is to the segments whose members are counted by day. Timelines keep it of each: rows of one event depend on others of its user. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { daySegmentsOf, enters, exits } from '@tributary/signals/definitions/segment-days';

/** A digit for each segment, at its place among them. The SQL says the same (counts/relation.ts). */
export const ENTERS = 1;
export const EXITS = 2;
const ZERO = '0'.charCodeAt(0);

/** Undefined: it is nothing to any of them. `sent`: as it was sent; conditions of corrections and counts look at the same. */
export function marksOf(sent: Event, definitions: Definitions): string | undefined {
  let marks = '';
  let isAny = false;
  for (const segment of daySegmentsOf(definitions).all) {
    const mark = (enters(segment, sent) ? ENTERS : 0) + (exits(segment, sent) ? EXITS : 0);
    isAny ||= mark !== 0;
    marks += mark;
  }
  return isAny ? marks : undefined;
}

/** 0: nothing. */
export function markAt(marks: string | undefined, segment: number): number {
  return marks === undefined ? 0 : marks.charCodeAt(segment) - ZERO;
}
