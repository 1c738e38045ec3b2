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
  return (timeline, asOfMs) => {
    const kept = select(timeline, asOfMs - ageMs, asOfMs)
      .slice(-count)
      .reverse();
    const oldest = kept.at(-1);
    const value = kept.map((event) => ({
      ts: event.ts as Cell,
      ...Object.fromEntries(fields.map(([name, { read }]) => [name, read(event) ?? null] as const)),
    }));
    return { value, fromMs: kept.length === count && oldest !== undefined ? oldest.ts : asOfMs - ageMs };
  };
}
