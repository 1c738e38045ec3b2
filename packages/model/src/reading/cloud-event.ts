/**
 * CloudEvents 1.0: context attributes are the fields of the event, `data` its properties. `source` and `id` together are
 * the duplicate key, so both go into the id. Unknown extension attributes are passed over, as the specification asks.
 */
import { type Field, fieldsWith, PLAIN_FIELDS } from '../event-fields.ts';
import { describe, invalid } from '../refusal.ts';
import type { ReadEvent } from './draft.ts';
import { isObject, type JsonObject, present } from './json.ts';
import { readInstant } from './read-instant.ts';

/**
 * A reader of events in the JSON format, or put together from `binaryAttributes` and `data`.
 * `sha256Hex` is injected: the model has no I/O. `prefix`: of the attributes' names where the sender wrote them, for messages.
 */
export function cloudEventReader(sha256Hex: (text: string) => string, prefix = ''): ReadEvent {
  return (item, { receivedAt, keyId }) => {
    if (item['specversion'] !== '1.0')
      return invalid('invalid_field', {
        field: `${prefix}specversion`,
        must: 'be "1.0", as CloudEvents have it',
        got: describe(item['specversion']),
      });
    const { id, source, type } = item;
    if (typeof id !== 'string' || id === '' || typeof source !== 'string' || source === '')
      return invalid('missing_field', {
        field: `${prefix}id and ${prefix}source`,
        must: 'be texts, which together name a CloudEvent',
        got: `${describe(id)} and ${describe(source)}`,
      });
    let ts = receivedAt;
    if (present(item['time']) !== undefined) {
      const time = readInstant(item['time'], `${prefix}time`);
      if (!time.ok) return time;
      ts = time.value;
    }
    const isHistory = item['historical'] === true || item['historical'] === 'true';
    if (isHistory && present(item['time']) === undefined)
      return invalid('missing_field', { field: `${prefix}time`, must: 'say when an imported event happened', got: 'nothing' });
    const anonymousId = present(item['anonymousid']);
    const userId = present(item['userid']) ?? (anonymousId === undefined ? present(item['partitionkey']) : undefined);
    const data = present(item['data']);
    const extensions: Record<string, unknown> = {};
    for (const attribute in item) {
      const field = EXTENSIONS.get(attribute);
      if (field !== undefined) extensions[field] = present(item[attribute]);
    }
    return {
      ...extensions,
      ts,
      type,
      id: identityOf(source, id, sha256Hex),
      userId,
      anonymousId,
      receivedAt,
      source,
      properties: data === undefined || isObject(data) ? data : { data },
      historical: isHistory ? true : undefined,
      keyId,
    };
  };
}

/** Fields by their attributes, whose names are in lower case. */
const EXTENSIONS: ReadonlyMap<string, Field> = new Map(PLAIN_FIELDS.map((field) => [field.toLowerCase(), field]));

const READABLE_LENGTH = 128;
/** A URI reference holds no "|", so the first one ends the source. */
const READABLE_SOURCE = /^[!-{}~]+$/;
const READABLE_ID = /^[ -~]+$/;

/** `source|id` where that is a valid id, else a hash of both. */
function identityOf(source: string, id: string, sha256Hex: (text: string) => string): string {
  const readable = `${source}|${id}`;
  if (readable.length <= READABLE_LENGTH && READABLE_SOURCE.test(source) && READABLE_ID.test(id)) return readable;
  return `ce|${sha256Hex(JSON.stringify([source, id]))}`;
}

/** Attributes whose type is integer: a header has no types. */
const INTEGERS: ReadonlySet<string> = new Set(fieldsWith({ type: 'amount' }).map((field) => field.toLowerCase()));
const INTEGER = /^-?\d{1,15}$/;

/** The attributes of a binary-mode message: its headers whose names begin with `prefix`. `decode`: text from a header's value; undefined is absent. */
export function binaryAttributes(
  headers: Iterable<readonly [name: string, value: unknown]>,
  prefix: string,
  decode: (value: string) => string | undefined,
): JsonObject {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of headers) {
    if (!name.startsWith(prefix) || typeof value !== 'string') continue;
    const attribute = name.slice(prefix.length);
    attributes[attribute] = INTEGERS.has(attribute) && INTEGER.test(value) ? Number(value) : decode(value);
  }
  return attributes;
}
