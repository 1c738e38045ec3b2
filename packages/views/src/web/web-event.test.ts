/** Law 7: names that views of pages take out of an event are those that the collector bounds. */
import type { Event } from '@tributary/model/event';
import { LAYOUTS, WEB_TYPES } from '@tributary/model/web';
import { MOST_WEB_NAME, webNamesOf } from '@tributary/model/web-names';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { expect, test } from 'vitest';
import { webEvent } from './web-event.ts';

const NAME = 'a-name-of-somebody';
const definitions = { ...builtInDefinitions(), web: {} };
const ORDINARY = { layout: LAYOUTS[0], viewId: 'v' };
/** A name as a text, and as the beginning of a row of any length. */
const FORMS: readonly unknown[] = [NAME, ...Array.from({ length: 10 }, (_, numbers) => [[NAME, ...Array(numbers).fill(0)]])];

function eventOf(type: string, properties: Record<string, unknown>): Event {
  return { id: 'e', type, ts: Date.UTC(2026, 10, 20), userId: 'u', properties } as unknown as Event;
}

/** Names of properties that the views look at. */
function propertiesReadOf(type: string): ReadonlySet<string> {
  const read = new Set<string>();
  const properties = new Proxy<Record<string, unknown>>(ORDINARY, {
    get(target, name) {
      read.add(String(name));
      return Reflect.get(target, name);
    },
  });
  webEvent(eventOf(type, properties), definitions);
  return read;
}

test('law 7: each name in a report of a page is one that collectors bound', () => {
  const named = new Set<string>();
  for (const type of WEB_TYPES)
    for (const property of propertiesReadOf(type))
      for (const form of FORMS) {
        const event = eventOf(type, { ...ORDINARY, [property]: form });
        if (!JSON.stringify(webEvent(event, definitions) ?? null).includes(NAME)) continue;
        named.add(property);
        expect([...webNamesOf(event)], `${type}: ${property}`).toContain(NAME);
      }
  expect([...named].sort()).toEqual(['els', 'field', 'form', 'host', 'moves']);
});

test('law 7: a collector remembers no name that has no rows of its own, however long it is', () => {
  const long = 'x'.repeat(MOST_WEB_NAME + 1);
  const named = eventOf('form', {
    ...ORDINARY,
    form: long,
    field: 'y'.repeat(MOST_WEB_NAME),
    els: [[long, 1], ['(other)'], ['']],
  });
  expect([...webNamesOf({ ...named, element: 'a\tb' })]).toEqual(['y'.repeat(MOST_WEB_NAME)]);
  const event = webEvent(eventOf('form', { ...ORDINARY, action: 'change', form: long, field: 'email' }), definitions);
  expect(JSON.stringify(event)).not.toContain(long);
});
