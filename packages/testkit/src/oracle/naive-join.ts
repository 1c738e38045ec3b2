/** The oracle of joins: each pair of events is looked at. */
import type { Event } from '@tributary/model/event';
import type { JoinDefinition, Selector } from '@tributary/signals/resolved';
import { fieldValue, type NaiveFields } from './naive-fields.ts';

export function naiveJoin(
  { of, fields: shown, with: other, on, beforeMs, afterMs, only, count, ageMs }: JoinDefinition,
  pick: (selector: Selector) => readonly Event[],
  fields: NaiveFields,
  asOfMs: number,
): unknown {
  const values = (event: Event | undefined, prefix: string, names: readonly string[]) =>
    Object.fromEntries(
      names.map((name) => [
        prefix === '' ? name : `${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`,
        (event && fieldValue(event, name, fields)) ?? null,
      ]),
    );
  const items = pick(of)
    .filter(({ ts }) => ts >= asOfMs - ageMs)
    .map((event) => {
      const matches = pick(other.of).filter(
        (match) =>
          match.id !== event.id &&
          match.ts >= event.ts - beforeMs &&
          match.ts <= event.ts + afterMs &&
          on.every(([a, b]) => {
            const value = fieldValue(event, a, fields);
            return value !== undefined && value === fieldValue(match, b, fields);
          }),
      );
      const [first] = matches;
      return {
        ts: event.ts,
        ...values(event, '', shown),
        open: event.ts + afterMs >= asOfMs,
        matches: matches.length,
        matchTs: first?.ts ?? null,
        ...values(first, 'match', other.fields),
      };
    });
  const wanted = items.filter(({ matches }) => only === null || (only === 'matched') === matches > 0);
  return wanted.reverse().slice(0, count);
}
