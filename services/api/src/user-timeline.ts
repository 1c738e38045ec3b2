/** A user's events as the views see them: parsed from the bytes of their record, from the archive, or from both. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { linesOf, markedCut } from '@tributary/views/record';
import { before, type TimelineEvent, timelineEvent } from '@tributary/views/timeline';
import { NEVER_CUT } from '@tributary/views/user-state';

/** Lines were validated before they were stored. */
export function eventsOfRecord(record: Buffer | null): Event[] {
  return record === null ? [] : Array.from(linesOf(record.toString('utf8')), (line) => JSON.parse(line) as Event);
}

/** Up to when the record lost events, epoch ms. */
export function cutOfRecord(record: Buffer | null): number {
  return record === null ? NEVER_CUT : markedCut(record.toString('utf8'));
}

/**
 * Ordered by `(ts, id)`; of duplicates the one that comes first in `events` stays (the first arrival counts: archived
 * events go first, the archive knows first arrivals for ever).
 */
export function timelineOf(events: readonly Event[], definitions: Definitions): TimelineEvent[] {
  const byId = new Map<string, TimelineEvent>();
  for (const event of events) if (!byId.has(event.id)) byId.set(event.id, timelineEvent(event, definitions));
  return [...byId.values()].sort((a, b) => (before(a, b) ? -1 : 1));
}
