/** The native format: the fields of `Event`, nothing else. */
import { EVENT_FIELDS } from '@tributary/model/event';
import { invalid } from '@tributary/model/validate-event';
import type { ReadItem } from './draft.ts';
import { readInstant } from './instant.ts';
import { type JsonObject, present } from './json.ts';

const ACCEPTED: ReadonlySet<string> = new Set([...EVENT_FIELDS.filter((field) => field !== 'receivedAt'), 'writeKey']);

export const readNative: ReadItem = (item, { receivedAt, newId }) => {
  let holdsNull = false;
  for (const field of Object.keys(item)) {
    if (item[field] === null) holdsNull = true;
    if (ACCEPTED.has(field)) continue;
    if (field === 'receivedAt') return invalid('invalid_field', 'receivedAt is set by the collector: leave it out');
    return invalid('invalid_field', `${JSON.stringify(field.slice(0, 60))} is no field of an event: put it into properties`);
  }
  const historical = item['historical'] === false ? undefined : present(item['historical']);
  let ts = present(item['ts']);
  if (ts === undefined) {
    if (historical === true) return invalid('missing_field', 'a historical event needs ts: when it happened');
    ts = receivedAt;
  } else {
    const instant = readInstant(ts, 'ts');
    if (!instant.ok) return instant;
    ts = instant.value;
  }
  return {
    ...(holdsNull ? withoutNulls(item) : item),
    ts,
    id: present(item['id']) ?? newId(),
    receivedAt,
    source: present(item['source']) ?? 'native',
    historical,
  };
};

function withoutNulls(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null));
}
