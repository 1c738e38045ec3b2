/** The PostHog capture format: `{event, distinct_id, uuid, timestamp, properties}`. */

import { isObject, type JsonObject, present } from '@tributary/model/reading/json';
import { readInstant } from '@tributary/model/reading/read-instant';
import { describe, invalid } from '@tributary/model/refusal';
import type { Envelope, ReadItem } from './read-item.ts';
import { segmentReader } from './segment.ts';

const readTrack = segmentReader('track');
const readPage = segmentReader('page');
const readScreen = segmentReader('screen');

/** Read as the Segment call that means the same, so that both formats have one mapping. */
export const readPosthog: ReadItem = (item, envelope) => {
  const { event, distinct_id, uuid } = item;
  const given = present(item['properties']) ?? {};
  if (!isObject(given)) return invalid('invalid_field', { field: 'properties', must: 'be an object', got: describe(given) });
  const properties = { ...traitsOf(item), ...given };
  const distinctId = distinct_id ?? properties['distinct_id'];
  const call = {
    messageId: uuid,
    ...(isAnonymous(event, distinctId, properties) ? { anonymousId: distinctId } : { userId: distinctId }),
    timestamp: present(item['timestamp']) ?? beforeNow(item['offset'], envelope),
    properties,
    context: {
      library: { name: properties['$lib'] ?? 'posthog' },
      page: { url: properties['$current_url'], referrer: properties['$referrer'] },
      campaign: {
        source: properties['utm_source'],
        medium: properties['utm_medium'],
        name: properties['utm_campaign'],
        content: properties['utm_content'],
      },
    },
  };
  if (event === '$pageview') return readPage(call, envelope);
  if (event === '$screen') return readScreen(call, envelope);
  return readTrack({ ...call, event }, envelope);
};

/** Until somebody is identified, the library of pages sends the id that it made for the device. */
function isAnonymous(event: unknown, distinctId: unknown, properties: JsonObject): boolean {
  if (event === '$identify' || distinctId === undefined) return false;
  return properties['$is_identified'] === false || properties['$device_id'] === distinctId;
}

/** Traits stand beside the properties of a call, or among them. */
function traitsOf(item: JsonObject): Record<string, unknown> {
  const { $set, $set_once } = item;
  return { ...(isObject($set) && { $set }), ...(isObject($set_once) && { $set_once }) };
}

/** Older browser libraries say how many milliseconds before sending an event happened, and no time. A time of sending that cannot be read is refused later. */
function beforeNow(offset: unknown, { receivedAt, sentAt }: Envelope): unknown {
  if (typeof offset !== 'number' || !(offset >= 0) || offset > receivedAt) return undefined;
  const sent = present(sentAt) === undefined ? undefined : readInstant(sentAt, 'sentAt');
  return (sent?.ok ? sent.value : receivedAt) - Math.round(offset);
}
