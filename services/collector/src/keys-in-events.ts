/**
 * Keys that clients put into their events: PostHog's library as `token`, pixels as `properties.writeKey`, pages in the URL that they report.
 * What is stored of a key is its public half, so a field that is a key is left out, and a key within a longer text is cut down to that half.
 */
import type { Draft } from '@tributary/model/draft';
import type { Event } from '@tributary/model/event';
import { type Invalid, invalid } from '@tributary/model/validate-event';

const KEY = /t[a-z]_([0-9a-f]{12})_[0-9a-f]+/;
const KEYS = new RegExp(KEY, 'g');
const WHOLE = new RegExp(`^${KEY.source}$`);

/** Whether a text reads like a key. */
export function isKey(value: unknown): boolean {
  return typeof value === 'string' && WHOLE.test(value);
}

/** `line`: of an event. */
export function holdsKey(line: string): boolean {
  return KEY.test(line);
}

export function withoutKeys(event: Event): Draft | Invalid {
  for (const field of ['id', 'userId', 'anonymousId'] as const)
    if (holdsKey(event[field] ?? ''))
      return invalid('invalid_field', `${field} must hold no API key. Send the key in the Authorization header.`);
  return stripped(event) as Draft;
}

function stripped(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(KEYS, '(key $1)');
  if (Array.isArray(value)) return value.filter((item) => !isKey(item)).map(stripped);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, inner]) => !isKey(inner));
  return Object.fromEntries(fields.map(([name, inner]) => [stripped(name), stripped(inner)]));
}
