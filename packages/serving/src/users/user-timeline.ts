/** A user's events as the views see them: parsed from the bytes of their record, from the archive, or from both. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { timelineEvent } from '@tributary/views/member';
import { countedOnce } from '@tributary/views/once';
import { linesOf, MARK_END, markedCut } from '@tributary/views/record';
import { before, type TimelineEvent } from '@tributary/views/timeline';
import { NEVER_CUT } from '@tributary/views/user-state';

/** Lines were validated before they were stored. */
export function eventsOfRecord(record: Buffer | null): Event[] {
  return record === null ? [] : Array.from(linesOf(record.toString('utf8')), (line) => JSON.parse(line) as Event);
}

/** The whole lines at the end of a record, at most `bytes`. */
export function tailOf(record: Buffer, bytes: number): Buffer {
  return record.length <= bytes ? record : record.subarray(record.indexOf(0x0a, record.length - bytes - 1) + 1);
}

/** Up to when the record lost events, epoch ms. Few did: their text is looked at only then. */
export function cutOfRecord(record: Buffer | null): number {
  return record === null || !record.includes(MARK_END) ? NEVER_CUT : markedCut(record.toString('utf8'));
}

/** Why an answer from this record is not whole. */
export function lostUpTo(cutTs: number, what: string): string {
  return `the record of the user lost events up to ${new Date(cutTs).toISOString()}: ${what} before that may be missing`;
}

/**
 * In order (`before`); of duplicates the one that comes first in `events` stays (the first arrival counts: archived
 * events go first, the archive knows first arrivals for ever).
 */
export function timelineOf(events: readonly Event[], definitions: Definitions): TimelineEvent[] {
  const byId = new Map<string, TimelineEvent>();
  for (const event of events) if (!byId.has(event.id)) byId.set(event.id, timelineEvent(event, definitions));
  return countedOnce(
    [...byId.values()].sort((a, b) => (before(a, b) ? -1 : 1)),
    definitions,
  );
}

/**
 * A user's touches and conversions, split after every conversion and at every gap longer than the lookback. A journey without a
 * conversion is a null path; the last one is open while its last touch can still earn credit.
 */
export interface Journey {
  readonly status: 'converted' | 'null' | 'open';
  readonly touches: readonly TimelineEvent[];
  readonly conversion: TimelineEvent | null;
}

/** `nowMs`: the log time of the user's partition. Oldest first. */
export function journeysOf(timeline: readonly TimelineEvent[], definitions: Definitions, nowMs: number): Journey[] {
  const journeys: Journey[] = [];
  let touches: TimelineEvent[] = [];
  let lastTs = Number.NEGATIVE_INFINITY;
  const close = (status: Journey['status'], conversion: TimelineEvent | null) => {
    if (touches.length > 0 || conversion !== null) journeys.push({ status, touches, conversion });
    touches = [];
  };
  for (const event of timeline) {
    if (event.kind === 'signal') continue;
    if (event.ts - lastTs > definitions.lookbackMs) close('null', null);
    lastTs = event.ts;
    if (event.kind === 'conversion') close('converted', event);
    else touches.push(event);
  }
  close(nowMs - lastTs > definitions.lookbackMs ? 'null' : 'open', null);
  return journeys;
}
