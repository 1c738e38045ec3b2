/**
 * A view: one fold over a user's timeline, one SQL over the archive, rows that add up.
 *
 * Every row hangs on an *anchor*, an event of the timeline (a conversion, the last touch of a journey …). What an anchor looks at is
 * its view's *lens*; the rows depend on that alone. That is all the engine needs to know: the effect of a new event is the
 * difference over the anchors near it (difference.ts), and the batch recomputes only those. Views share lenses, so that what
 * an anchor looks at is found once for all of them.
 */
import type { Definitions } from '@tributary/model/definitions';
import type { Integer } from '@tributary/model/integer';
import type { RowKey } from './deltas.ts';
import type { PartedView } from './parted-rows.ts';
import { DROPPED, type Timeline, type TimelineEvent } from './timeline.ts';
import type { WebEvent } from './web/web-event.ts';
import type { Work } from './work.ts';

export type Emit = (key: RowKey, measures: readonly Integer[]) => void;

export interface Lens<Seen = unknown> {
  /** How far before its anchor a row looks, ms. */
  reachMs(definitions: Definitions): number;
  /** How long after its anchor a row can still change by in-time events, ms. */
  revisableMs(definitions: Definitions): number;
  /**
   * The other anchors that the event at `timeline[at]` may change, `timeline` having it: indices of anchors, ascending, from `revisableMs`
   * before the event to `reachMs` after it. More than needed costs time, fewer is a lie. What it takes to find them, if that is much, is taken
   * from `work`.
   */
  affected(timeline: Timeline, at: number, definitions: Definitions, work: Work): readonly number[];
  /** What the anchor `timeline[at]` looks at; null when no row hangs on that event. */
  look(timeline: Timeline, at: number, definitions: Definitions): Seen | null;
  /** `look` from what another lens sees of the same anchor, so that it is not found twice. */
  readonly beyond?: {
    readonly lens: Lens;
    look(seen: unknown, timeline: Timeline, at: number, definitions: Definitions): Seen | null;
  };
  /** How many events it sees beside its anchor: what its rows cost. */
  sizeOf(seen: Seen): number;
}

export interface View<Seen = unknown> {
  readonly name: string;
  /** What its rows say, for people: a phrase without a period, which /docs shows at `/v1/views/NAME`. */
  readonly counts: string;
  /** Names of the key's parts, in order. The first is always `day`: the UTC day of the anchor. */
  readonly dimensions: readonly string[];
  /** Names of the integers, in order. */
  readonly measures: readonly string[];
  readonly lens: Lens<Seen>;
  /** Its anchors in SQL are all events, mere signals too, of which it sees no more than when and what; else touches and conversions. */
  readonly countsSignals?: true;
  /** Its SQL reads web events (web/events.sql). It has rows where the definitions have `web`. */
  readonly countsWeb?: true;
  /** Its SQL reads what definitions count of events. It has rows where the definitions have `counts`. */
  readonly countsDefined?: true;
  /** Its SQL reads what events are to the segments that definitions count by day. It has rows where there are such. */
  readonly countsSegmentDays?: true;
  /** Its SQL reads sessions of web events (web/sessions.sql). */
  readonly countsSessions?: true;
  /** Its SQL reads what each channel has of a path: journeys/parts.sql. */
  readonly looksAtParts?: true;
  /** Its SQL reads the steps of each channel on a path: journeys/own.sql. Views that look at parts may as well. */
  readonly looksAtOwn?: true;
  /** Its SQL reads which orders of a user conversions repeat: `again` of journeys/parts.sql. */
  readonly looksAtRepeats?: true;
  /** Its SQL reads the passages along paths: journeys/edges.sql. */
  readonly looksAtEdges?: true;
  /** A generation keeps its rows by partition as well, for intervals: all of them, or up to a bound (by-partition.ts). */
  readonly keptByPartition?: 'all' | 'bounded';
  /** Reports read it for intervals alone: those of a generation that was computed without it have none. */
  readonly onlyForIntervals?: true;
  /** Emits the rows of one anchor, in any order; the same key may be emitted more than once. */
  rows(seen: Seen, definitions: Definitions, emit: Emit): void;
  /** Whether what an anchor saw and what it sees now give the same rows: then none of them is taken away and added again. Where it is not said, all are. */
  hasSameRows?(before: Seen, now: Seen): boolean;
  /** The same rows with their keys in parts, where an event has dozens of them (parted-rows.ts). */
  readonly parted?: PartedView<Seen>;
}

/** Those of the views that may have rows under these definitions. */
export function viewsAsked(
  views: readonly View[],
  { web, counts, segmentDayVersions }: Pick<Definitions, 'web' | 'counts' | 'segmentDayVersions'>,
): readonly View[] {
  return views.filter(
    ({ countsWeb, countsDefined, countsSegmentDays }) =>
      (web !== undefined || !countsWeb) &&
      (counts !== undefined || !countsDefined) &&
      (segmentDayVersions.size > 0 || !countsSegmentDays),
  );
}

/** Emits the rows of `view` anchored at `timeline[at]`. */
export function fold(view: View, timeline: Timeline, at: number, definitions: Definitions, emit: Emit): void {
  const seen = view.lens.look(timeline, at, definitions);
  if (seen !== null) view.rows(seen, definitions, emit);
}

/** The events themselves: every event that counts is an anchor that looks at nothing else, but for what it may repeat. */
export const ITSELF: Lens<TimelineEvent> = {
  reachMs: ({ longestOnceMs }) => longestOnceMs,
  revisableMs: () => 0,
  affected: () => [],
  look(timeline, at) {
    const event = timeline[at] as TimelineEvent;
    return event.place === DROPPED ? null : event;
  },
  sizeOf: () => 0,
};

/** Web events: an anchor looks at nothing else. A timeline keeps nothing of them but that they came (member.ts). */
export const WEB_EVENT: Lens<WebEvent> = {
  reachMs: () => 0,
  revisableMs: () => 0,
  affected: () => [],
  look: (timeline, at) => timeline[at]?.web ?? null,
  sizeOf: () => 0,
};

/** Events that definitions count over all users: an anchor is looked at by itself, as it comes. */
export const COUNTED: Lens<readonly RowKey[]> = {
  reachMs: () => 0,
  revisableMs: () => 0,
  affected: () => [],
  look: (timeline, at) => timeline[at]?.counted ?? null,
  sizeOf: (keys) => keys.length,
};
