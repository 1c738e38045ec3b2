/** The native format: the fields of `Event`, nothing else. */
import { EVENT_FIELDS } from '../event.ts';
import { type FieldsWith, fieldsWith } from '../event-fields.ts';
import { describe, invalid } from '../refusal.ts';
import type { Draft, ReadEvent } from './draft.ts';
import { type JsonObject, present } from './json.ts';
import { readInstant } from './read-instant.ts';

/** What one door takes. */
export interface NativeRules {
  /** Field names; any other refuses the event. What is not a field of an event is not kept. */
  readonly accepted: ReadonlySet<string>;
  /** The source of an event that names none. */
  readonly source: string;
}

/** A reader that forgot one of them would let its sender set it. */
type Stamped = Draft & { readonly [K in FieldsWith<{ stamped: true }>]: unknown };

const STAMPED: ReadonlySet<string> = new Set(fieldsWith({ stamped: true }));

/** What senders may set. */
export const SENT_FIELDS: readonly string[] = EVENT_FIELDS.filter((field) => !STAMPED.has(field));

/** Null means absent. `receivedAt` and `keyId` are those of the receipt, whatever the item says. */
export function nativeReader({ accepted, source }: NativeRules): ReadEvent {
  return (item, { receivedAt, newId, keyId }) => {
    let holdsNull = false;
    for (const field of Object.keys(item)) {
      if (item[field] === null) holdsNull = true;
      if (accepted.has(field)) continue;
      return STAMPED.has(field)
        ? invalid('invalid_field', { field, must: 'be left out, as the collector sets it', got: describe(item[field]) })
        : invalid('invalid_field', {
            field: 'a name in an event',
            must: 'be one of its fields',
            got: describe(field),
            fix: 'Put it into properties',
          });
    }
    const historical = item['historical'] === false ? undefined : present(item['historical']);
    let ts = present(item['ts']);
    if (ts === undefined) {
      if (historical === true)
        return invalid('missing_field', { field: 'ts', must: 'say when a historical event happened', got: 'nothing' });
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
      source: present(item['source']) ?? source,
      historical,
      receivedAt,
      keyId,
    } satisfies Stamped;
  };
}

function withoutNulls(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null));
}
