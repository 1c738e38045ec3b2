/**
 * CloudEvents 1.0: context attributes are the fields of the event, `data` its properties. `source` and `id` together are
 * the duplicate key, so both go into the id. Unknown extension attributes are passed over, as the specification asks.
 */
import { createHash } from 'node:crypto';
import { describe, invalid, validateProperties } from '@tributary/model/validate-event';
import type { ReadItem } from './draft.ts';
import { readInstant } from './instant.ts';
import { isObject, type JsonObject, present } from './json.ts';

export const readCloudEvent: ReadItem = (item, { receivedAt, historical }) => {
  if (item['specversion'] !== '1.0')
    return invalid('invalid_field', `specversion is "1.0" (CloudEvents), got ${describe(item['specversion'])}`);
  const { id, source, type } = item;
  if (typeof id !== 'string' || id === '' || typeof source !== 'string' || source === '')
    return invalid('missing_field', 'a CloudEvent needs id and source: together they name it');
  let ts = receivedAt;
  if (present(item['time']) !== undefined) {
    const time = readInstant(item['time'], 'time');
    if (!time.ok) return time;
    ts = time.value;
  }
  const anonymousId = present(item['anonymousid']);
  const userId = present(item['userid']) ?? (anonymousId === undefined ? present(item['partitionkey']) : undefined);
  const data = present(item['data']);
  // Wrapped data lies one level deeper than it was checked at.
  const bad = data === undefined || isObject(data) ? undefined : validateProperties({ data });
  if (bad !== undefined) return bad;
  return {
    ts,
    type,
    id: identityOf(source, id),
    userId,
    anonymousId,
    receivedAt,
    source,
    channel: present(item['channel']),
    campaign: present(item['campaign']),
    creative: present(item['creative']),
    cost: present(item['cost']),
    value: present(item['value']),
    currency: present(item['currency']),
    page: present(item['page']),
    element: present(item['element']),
    properties: data === undefined || isObject(data) ? data : { data },
    historical: historical || item['historical'] === true || item['historical'] === 'true' ? true : undefined,
  };
};

const READABLE_LENGTH = 128;
/** A URI reference holds no "|", so the first one ends the source. */
const READABLE_SOURCE = /^[!-{}~]+$/;
const READABLE_ID = /^[ -~]+$/;

/** `source|id` where that is a valid id, else a hash of both. */
function identityOf(source: string, id: string): string {
  const readable = `${source}|${id}`;
  if (readable.length <= READABLE_LENGTH && READABLE_SOURCE.test(source) && READABLE_ID.test(id)) return readable;
  return `ce|${createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('hex')}`;
}

/** The attributes of a binary-mode request: headers `ce-…`, percent-encoded. Undefined when it is none. */
export function binaryAttributes(headers: Readonly<Record<string, string | string[] | undefined>>): JsonObject | undefined {
  if (headers['ce-specversion'] === undefined) return undefined;
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('ce-') || typeof value !== 'string') continue;
    const attribute = name.slice('ce-'.length);
    attributes[attribute] = INTEGERS.has(attribute) && /^-?\d{1,15}$/.test(value) ? Number(value) : percentDecoded(value);
  }
  return attributes;
}

/** Attributes whose type is integer: a header has no types. */
const INTEGERS: ReadonlySet<string> = new Set(['cost', 'value']);

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
