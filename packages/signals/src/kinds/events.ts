/** The last events of some types, newest first. */

import type { Field } from '../expressions/fields.ts';
import type { EventsDefinition } from '../resolved.ts';
import type { Cell, Evaluate } from '../value.ts';
import type { Select } from './select.ts';

/** `fields`: in the order of the definition. */
export function evaluateEvents(
  { count, ageMs }: EventsDefinition,
  select: Select,
  fields: readonly (readonly [name: string, field: Field])[],
): Evaluate {
  const empty: Record<string, Cell> = { ts: null, ...Object.fromEntries(fields.map(([name]) => [name, null] as const)) };
  return (timeline, asOfMs) => {
    const kept = select(timeline, asOfMs - ageMs, asOfMs)
      .slice(-count)
      .reverse();
    const oldest = kept.at(-1);
    const value = kept.map((event) => {
      // A copy has all keys as its own already, in order.
      const item = { ...empty };
      item['ts'] = event.ts;
      for (const [name, { read }] of fields) item[name] = read(event) ?? null;
      return item;
    });
    return {
      value,
      fromMs: kept.length === count && oldest !== undefined ? oldest.ts : asOfMs - ageMs,
      untilMs: oldest === undefined ? Number.POSITIVE_INFINITY : oldest.ts + ageMs + 1,
      fromMoves: kept.length < count,
    };
  };
}
