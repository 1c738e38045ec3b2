/** The write key of a request: `Authorization: Basic base64(key:)`, as the Segment libraries send it, or `Bearer key`. */
import type { KeyRing } from '@tributary/runtime/keys';

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

/** Why the key may not write; undefined when it may. */
export function refusalOf(keys: KeyRing, key: string, now: number): string | undefined {
  switch (keys.verify(key, 'write', now)) {
    case 'ok':
      return undefined;
    case 'expired':
      return 'the write key has expired';
    case 'forbidden':
      return 'the key may not write: it has another scope';
    case 'unknown':
      return 'the write key is not known';
  }
}
