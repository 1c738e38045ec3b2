/** The timeline of one user: the retained events that matter to views, ordered by `ts`, touches before conversions, then `id`. */
import type { EventKind } from '@tributary/model/definitions';
import type { RowKey } from './deltas.ts';
import type { Visit } from './web/visit.ts';
import type { WebEvent } from './web/web-event.ts';

/** What views need of an event. Absent text dimensions read `(none)`. */
export interface TimelineEvent {
  readonly ts: number;
  readonly id: string;
  readonly type: string;
  readonly kind: EventKind;
  /** Among events of one instant the lower rank comes first, whatever the ids. */
  readonly rank: 0 | 1;
  /** The channel of a touch; "" for other kinds. */
  readonly channel: string;
  /** Where a touch is filed: channel, tab, campaign; "" for other kinds, but for what a correction dropped (`DROPPED`). Equal places are one string, quick to group by. */
  readonly place: string;
  readonly costMinor: number;
  readonly valueMinor: number;
  readonly currency: string;
  /** Type and key of a conversion that is counted once, a repetition's too (once.ts); "" for all others. */
  readonly once: string;
  /** What sessions look at of a web event. */
  readonly visit?: Visit;
  /** What it is to the segments whose members are counted by day: a digit for each (segment-days/marks.ts); undefined: nothing. */
  readonly marks?: string;
  /** What a web event says. Views look at it when the event comes or goes; timelines do not hold it. */
  readonly web?: WebEvent;
  /** Keys of the rows that it counts in by definition, likewise. */
  readonly counted?: readonly RowKey[];
}

/** As timelines hold it. */
export function asHeld(event: TimelineEvent): TimelineEvent {
  if (event.web === undefined && event.counted === undefined) return event;
  const { ts, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once, visit, marks } = event;
  const held = { ts, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once };
  if (visit === undefined) return marks === undefined ? held : { ...held, marks };
  return marks === undefined ? { ...held, visit } : { ...held, visit, marks };
}

export type Timeline = readonly TimelineEvent[];

/** The place of a mere signal that no row hangs on, as a correction dropped it: it is kept so that a copy of it is known. No touch has it: it has no tab. */
export const DROPPED = '(dropped)';

/** The campaign of a touch. */
export function campaignOf({ channel, place }: Pick<TimelineEvent, 'channel' | 'place'>): string {
  return place.slice(channel.length + 1);
}

const MOST_PLACES = 100_000;
const places = new Map<string, string>();

/** A cache of strings, nothing more: what it holds changes no result. */
export function placeOf(channel: string, campaign: string): string {
  const place = `${channel}\t${campaign}`;
  const known = places.get(place);
  if (known !== undefined) return known;
  if (places.size >= MOST_PLACES) places.clear();
  places.set(place, place);
  return place;
}

type Ordered = Pick<TimelineEvent, 'ts' | 'rank' | 'id'>;

/** The order of events: by time, rank, id (UTF-16 code units, as JavaScript and the SQL's `ORDER BY` on ASCII compare). */
export function before(a: Ordered, b: Ordered): boolean {
  return a.ts < b.ts || (a.ts === b.ts && (a.rank < b.rank || (a.rank === b.rank && a.id < b.id)));
}

/** For sorting. */
export function byOrder(a: Ordered, b: Ordered): number {
  return before(a, b) ? -1 : before(b, a) ? 1 : 0;
}

/** Where `event` belongs: the index of the first event that does not sort before it. */
export function insertionIndex(timeline: Timeline, event: Ordered): number {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(timeline[middle] as TimelineEvent, event)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the first event with `ts >= from`. */
export function lowerBound(timeline: Timeline, from: number): number {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timeline[middle] as TimelineEvent).ts < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
