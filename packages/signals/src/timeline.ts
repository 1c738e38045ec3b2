/** The events of one user that values are made of, in order of (ts, id); of one id there is one. */
import type { Event } from '@tributary/model/event';

export interface Timeline {
  /** Those of these types, in order; null: all. */
  of(types: readonly string[] | null): readonly Event[];
  /**
   * Called before the conditions of each event are computed: what it throws ends that. A condition may search 32 KB of text for 1 000 characters, which takes up to
   * 4 ms, so a bound on all of it must be asked for in between.
   */
  readonly pause: () => void;
}

/** `events`: in any order. Where several have one id, the first in the list stays, as the first arrival counts. */
export function timelineOf(events: readonly Event[]): Timeline {
  const byId = new Map<string, Event>();
  for (const event of events) if (!byId.has(event.id)) byId.set(event.id, event);
  return orderedTimeline([...byId.values()].sort(inOrder));
}

function inOrder(a: Event, b: Event): number {
  return a.ts - b.ts || (a.id < b.id ? -1 : 1);
}

/** `events`: in order, each id once. */
export function orderedTimeline(events: readonly Event[], pause = () => {}): Timeline {
  let byType: Map<string, Event[]> | undefined;
  const index = () => {
    byType = new Map();
    for (const event of events) {
      const same = byType.get(event.type);
      if (same === undefined) byType.set(event.type, [event]);
      else same.push(event);
    }
    return byType;
  };
  const ofSeveral = new Map<readonly string[], readonly Event[]>();
  return {
    pause,
    of(types) {
      if (types === null) return events;
      const [only = ''] = types;
      if (types.length === 1) return (byType ?? index()).get(only) ?? [];
      let found = ofSeveral.get(types);
      if (found === undefined) ofSeveral.set(types, (found = events.filter(({ type }) => types.includes(type))));
      return found;
    },
  };
}

/** Those with `fromMs <= ts < toMs`. */
export function within(events: readonly Event[], fromMs: number, toMs: number): readonly Event[] {
  const [from, to] = [lowerBound(events, fromMs), lowerBound(events, toMs)];
  return from === 0 && to === events.length ? events : events.slice(from, to);
}

/** When the oldest of these events is too old for what looks back so far, as an event of exactly that age is not. */
export function untilLeft(events: readonly Event[], ageMs: number | null): number {
  const [oldest] = events;
  return oldest === undefined || ageMs === null ? Number.POSITIVE_INFINITY : oldest.ts + ageMs + 1;
}

/** The index of the first event with `ts >= fromMs`. */
export function lowerBound(events: readonly Event[], fromMs: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle] as Event).ts < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
