/** The oracle of corrections: what each event counts as, by the CEL library itself; null where it does not count. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { holds, type NaiveFields } from './naive-fields.ts';

/** The library takes a while for each condition, and the simulation asks of each event again and again. */
const answers = new WeakMap<Event, Map<string, Event | null>>();

/** As it was sent, of an event as corrections leave it. */
export function sentOf(event: Event): Event {
  return sent.get(event) ?? event;
}

const sent = new WeakMap<object, Event>();

export function naiveCorrected(event: Event, definitions: Definitions): Event | null {
  if (definitions.corrections.length === 0) return event;
  const { version } = definitions;
  const known = answers.get(event) ?? new Map<string, Event | null>();
  answers.set(event, known);
  if (!known.has(version)) known.set(version, computed(event, definitions));
  return known.get(version) as Event | null;
}

function computed(event: Event, { corrections, derived }: Definitions): Event | null {
  const fields = Object.fromEntries(
    Object.entries(derived?.fields ?? {}).map(([name, from]) => [name, typeof from === 'string' ? { from, type: 'text' } : from]),
  ) as NaiveFields;
  const corrected: Record<string, unknown> = { ...event };
  for (const { when, from, to, set, drop, value } of corrections) {
    if (event.ts < Date.parse(from) || event.ts >= Date.parse(to) || !holds(when, event, fields)) continue;
    if (drop) return null;
    Object.assign(corrected, set ?? { value });
  }
  sent.set(corrected, event);
  return corrected as unknown as Event;
}
