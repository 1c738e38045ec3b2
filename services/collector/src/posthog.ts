/** The PostHog capture format: `{event, distinct_id, uuid, timestamp, properties}`. */

import { isObject, present } from '@tributary/model/json';
import { describe, invalid } from '@tributary/model/validate-event';
import type { ReadItem } from './read-item.ts';
import { segmentReader } from './segment.ts';

const readTrack = segmentReader('track');
const readPage = segmentReader('page');
const readScreen = segmentReader('screen');

/** Told as the Segment call that means the same, so that both formats have one mapping. */
export const readPosthog: ReadItem = (item, envelope) => {
  const { event, distinct_id, uuid, timestamp } = item;
  const properties = present(item['properties']) ?? {};
  if (!isObject(properties)) return invalid('invalid_field', `properties is an object, got ${describe(properties)}`);
  const call = {
    messageId: uuid,
    userId: distinct_id ?? properties['distinct_id'],
    timestamp,
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
