/**
 * Conversions that definitions count once: of those of one user, type and key (an order's number, say) the first counts, by ts and then id,
 * whatever order they arrive in. An event repeats another where one of its key lies before it within the type's window; so it depends on
 * the one before it alone, and an event that comes between two of its key takes over from no more than the next one.
 *
 * A repetition stays in the timeline, as a mere signal that later events of its key still look back at.
 */
import type { Definitions } from '@tributary/model/definitions';
import { insertionIndex, type Timeline, type TimelineEvent } from './timeline.ts';

export interface TakeOver {
  /** Whether the event repeats one before it. */
  readonly isRepetition: boolean;
  /** The index of the conversion that repeats the event from now on. */
  readonly from: number | undefined;
  /** Events that were passed over. */
  readonly scanned: number;
}

const NOTHING: TakeOver = { isRepetition: false, from: undefined, scanned: 0 };

/** What `incoming`, not yet in the timeline, changes among those of its key. */
export function takeOver(timeline: Timeline, incoming: TimelineEvent, { onceMs }: Definitions): TakeOver {
  const { once, ts, type } = incoming;
  if (once === '') return NOTHING;
  const windowMs = onceMs.get(type) as number;
  const at = insertionIndex(timeline, incoming);
  let isRepetition = false;
  let first = at;
  while (first > 0 && !isRepetition) {
    const earlier = timeline[first - 1] as TimelineEvent;
    if (earlier.ts < ts - windowMs) break;
    isRepetition = earlier.once === once;
    first--;
  }
  for (let i = at; i < timeline.length; i++) {
    const later = timeline[i] as TimelineEvent;
    if (later.ts > ts + windowMs) return { isRepetition, from: undefined, scanned: i - first };
    if (later.once === once) return { isRepetition, from: later.kind === 'conversion' ? i : undefined, scanned: i - first };
  }
  return { isRepetition, from: undefined, scanned: timeline.length - first };
}

export function asRepetition(event: TimelineEvent): TimelineEvent {
  return { ...event, kind: 'signal' };
}

/** A whole timeline, in order, with its repetitions as such. */
export function countedOnce(timeline: Timeline, { onceMs }: Definitions): TimelineEvent[] {
  const lastTs = new Map<string, number>();
  return timeline.map((event) => {
    if (event.once === '') return event;
    const before = lastTs.get(event.once);
    lastTs.set(event.once, event.ts);
    return before !== undefined && before >= event.ts - (onceMs.get(event.type) as number) ? asRepetition(event) : event;
  });
}
