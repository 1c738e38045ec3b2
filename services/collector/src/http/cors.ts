/**
 * Which pages may send from a browser. The origin that asks is named in the answer, never `*`: a `sendBeacon` and a `fetch` with
 * credentials fail without that. The collector sets no cookie and asks none, so a page gains nothing by its credentials.
 */
import type { FastifyCorsOptions } from '@fastify/cors';
import { TributaryError } from '@tributary/model/errors';

/** What browsers send, `null` of a sandboxed frame or a file included. Anything else is not repeated in an answer. */
const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]{0,31}:\/\/[a-z0-9._[\]:-]{1,260})$/i;

/** `origins`: `*`, or web origins separated by commas. Throws `invalid_config` where one could never be what a browser sends. */
export function corsOf(origins: string): FastifyCorsOptions {
  const named = origins === '*' ? null : new Set(origins.split(',').map((origin) => origin.trim().toLowerCase()));
  for (const origin of named ?? [])
    if (!ORIGIN.test(origin))
      throw new TributaryError(
        'invalid_config',
        `collectorOrigins must be "*", or origins such as https://shop.example separated by commas, without a slash at their end (got "${origin}")`,
      );
  const isAllowed = (origin: string) => ORIGIN.test(origin) && (named === null || named.has(origin));
  return {
    origin: (origin, answer) => answer(null, origin !== undefined && isAllowed(origin)),
    credentials: true,
    methods: ['GET', 'POST'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: ['x-rejected-events', 'retry-after'],
    maxAge: 86_400,
  };
}

const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'x-retry-count',
  'x-strict-mode',
  // RudderStack's browser library
  'anonymousid',
  'sentat',
  'rsa-recovered',
  'rsa-retry-attempt',
  'rsa-retry-reason',
  'rsa-since-first-attempt',
  'rsa-since-last-attempt',
];
