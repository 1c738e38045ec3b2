/** The events that a definition looks at. */
import type { Event } from '@tributary/model/event';
import type { Predicate } from '../expressions/function.ts';
import type { Selector } from '../resolved.ts';
import { type Timeline, within } from '../timeline.ts';

export type Select = (timeline: Timeline, fromMs: number, toMs: number) => readonly Event[];

/** `predicate`: of the expression of a selector. */
export function selectBy({ types, where }: Selector, predicate: (text: string) => Predicate): Select {
  const holds = where === null ? null : predicate(where);
  return (timeline, fromMs, toMs) => {
    const events = within(timeline.of(types), fromMs, toMs);
    if (holds === null) return events;
    return events.filter((event) => {
      timeline.pause();
      return holds(event);
    });
  };
}
