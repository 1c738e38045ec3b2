/**
 * Keys that clients put into their events: PostHog's library as `token`, pixels as `properties.writeKey`, pages in the URL that they report.
 * What is stored of a key is its public half, so a field that is a key is left out, and a key within a longer text is cut down to that half.
 */
import type { Event } from '@tributary/model/event';
import type { Draft } from '@tributary/model/reading/draft';
import { type Invalid, invalid } from '@tributary/model/refusal';
import { isKey, KEY_SHAPE, KEYS_IN_TEXT } from '@tributary/runtime/keys/ring';

const MAY_BE_KEY = new RegExp(KEY_SHAPE);

/** `line`: of an event. Quick, and true for some that hold none: what stands before a key may be escaped in JSON, as `\n`. */
export function mayHoldKey(line: string): boolean {
  return MAY_BE_KEY.test(line);
}

export function withoutKeys(event: Event): Draft | Invalid {
  for (const field of ['id', 'userId', 'anonymousId'] as const)
    if ((event[field]?.search(KEYS_IN_TEXT) ?? -1) >= 0)
      return invalid('invalid_field', {
        field,
        must: 'hold no API key',
        got: 'one',
        fix: 'Send the key in the Authorization header',
      });
  return stripped(event) as Draft;
}

function stripped(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(KEYS_IN_TEXT, '(key $<id>)');
  if (Array.isArray(value)) return value.filter((item) => !isWhole(item)).map(stripped);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, inner]) => !isWhole(inner));
  return Object.fromEntries(fields.map(([name, inner]) => [stripped(name), stripped(inner)]));
}

function isWhole(value: unknown): boolean {
  return typeof value === 'string' && isKey(value);
}
