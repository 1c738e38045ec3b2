/** The events that a definition looks at. */
import type { Event } from '@tributary/model/event';
import type { Predicate } from '../expressions/function.ts';
import { type Timeline, within } from '../timeline.ts';

export type Select = (timeline: Timeline, fromMs: number, toMs: number) => readonly Event[];

/** null: of all types, without a further condition. */
export function selectBy(types: readonly string[] | null, holds: Predicate | null): Select {
  return (timeline, fromMs, toMs) => {
    const events = within(timeline.of(types), fromMs, toMs);
    if (holds === null) return events;
    return events.filter((event) => {
      timeline.pause();
      return holds(event);
    });
  };
}
