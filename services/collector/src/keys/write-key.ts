/** The write key of a request: `Authorization: Basic base64(key:)`, as the Segment libraries send it, or `Bearer key`. */
import { type Invalid, invalid } from '@tributary/model/refusal';
import type { KeyRecord } from '@tributary/runtime/keys/file';
import { KEY_SHAPE, type KeyRing, keyKind } from '@tributary/runtime/keys/ring';
import { type Grant, grantOf } from './grant.ts';

/** What the key lets its holder send, or why it is nothing. */
export type Authorise = (key: string) => Grant | Invalid;

export function isRefusal(found: Grant | Invalid): found is Invalid {
  return 'ok' in found;
}

/** The key of the header; undefined when it holds none. */
export function keyOfHeader(authorization: string): string | undefined {
  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space).toLowerCase();
  const credentials = authorization.slice(space + 1).trim();
  if (scheme === 'bearer') return credentials || undefined;
  if (scheme !== 'basic') return undefined;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return (colon < 0 ? decoded : decoded.slice(0, colon)) || undefined;
}

export const NO_KEY = invalid('invalid_write_key', {
  field: 'a request',
  must: 'have a key in its authorization header, or as writeKey in its body',
  got: 'none',
});

// PostHog's browser library says `token`, and so do properties of any event: there only what looks like a key is one.
const TOKEN = `token(?="\\s*:\\s*"${KEY_SHAPE}")`;
const NAMED_KEY = new RegExp(`"(?:writeKey|api_key|${TOKEN})"\\s*:\\s*"(?<named>[^"\\\\]{1,256})"`, 'g');
/** Keys of one body: the write key on its top, and keys of that name in its properties. */
const MAX_KEYS_TRIED = 8;

/**
 * What a body that came without a header may do, by the first key in its text that may write, found without parsing it; or
 * why it may do nothing. Where in the body the key stands is checked once the body is parsed.
 */
export function grantOfText(text: string, authorise: Authorise): Grant | Invalid {
  let first: Invalid | undefined;
  let tried = 0;
  for (const { groups } of text.matchAll(NAMED_KEY)) {
    const grant = authorise(groups?.['named'] ?? '');
    if (!isRefusal(grant)) return grant;
    first ??= grant;
    if (++tried === MAX_KEYS_TRIED) break;
  }
  return first ?? NO_KEY;
}

export function authoriser(keys: KeyRing, now: () => number): Authorise {
  // A record that was read again is another object: what it grants is worked out once.
  const known = new WeakMap<KeyRecord, Grant>();
  return (key) => {
    const found = keys.find(key, now());
    if (found.verdict !== 'ok') return REFUSALS[found.verdict];
    const grant = known.get(found.record) ?? grantOf(found.record);
    if (grant === undefined)
      return invalid('invalid_write_key', {
        field: 'the write key',
        must: 'have a scope that may send events',
        got: keyKind(key),
      });
    known.set(found.record, grant);
    return grant;
  };
}

/** Nothing is said of a key that is not known. */
export const UNKNOWN_KEY = invalid('invalid_write_key', { field: 'the write key', must: 'be known', got: 'one that is not' });

const REFUSALS = {
  expired: invalid('invalid_write_key', { field: 'the write key', must: 'not have expired', got: 'one that has' }),
  revoked: invalid('invalid_write_key', { field: 'the write key', must: 'not be revoked', got: 'one that was' }),
  unknown: UNKNOWN_KEY,
} as const;
