/** What browser libraries ask for besides sending events: settings, flags and the libraries' own scripts. None of it costs more than its bytes. */
import { PATH_FIX } from '@tributary/model/errors';
import { describe, invalid } from '@tributary/model/refusal';
import { ATTENTION, SCRIPT as TRACKER } from '@tributary/tracker/built';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, problem, refused, send } from '../answer.ts';
import { POSTHOG_CONFIG, POSTHOG_FLAGS, posthogScript, rudderSettings, segmentSettings } from '../clients/client-settings.ts';
import { type Library, POSTHOG, POSTHOG_SNIPPET, SEGMENT, SEGMENT_SNIPPET } from '../clients/scripts.ts';
import type { Grant } from '../keys/grant.ts';
import { type Authorise, isRefusal, keyOfHeader } from '../keys/write-key.ts';

export interface ClientRoutes {
  readonly authorise: Authorise;
  readonly publicUrl: string;
  readonly tracker: Tracker;
}

/** Scripts of the tracker of pages: `PATH.js`, and what it loads later, `PATH-attention.js`. */
export interface Tracker {
  readonly path: string;
  readonly library: Library;
}

export function addClientRoutes(app: FastifyInstance, { authorise, publicUrl, tracker }: ClientRoutes): void {
  // Segment's library reports on itself here, PostHog's asks for flags, both without a key: answered before the body is read.
  const fixed: Readonly<Record<string, string>> = {
    '/v1/m': '{"success":true}',
    '/flags': POSTHOG_FLAGS,
    '/decide': POSTHOG_FLAGS,
  };
  for (const [path, body] of Object.entries(fixed))
    app.post(path, { onRequest: async (_request, reply) => send(reply, json(body)) }, () => {});

  app.get('/v1/projects/:writeKey/settings', forKey(namedInPath, segmentAnswer));
  app.get(
    '/analytics.js/v1/:writeKey/analytics.min.js',
    forKey(namedInPath, (_key, _grant, request) => script(request, SEGMENT, SEGMENT_SNIPPET, HOUR_S)),
  );
  app.get('/analytics-next/bundles/:file', (request, reply) => {
    const { file } = request.params as { file: string };
    return send(reply, script(request, SEGMENT, file, HASHED.test(file) ? YEAR_S : HOUR_S));
  });
  // PostHog's snippet names no key here: it names it to the script, once that is there.
  app.get('/static/:file', (request, reply) =>
    send(reply, script(request, POSTHOG, (request.params as { file: string }).file, HOUR_S)),
  );
  app.get(
    '/array/:writeKey/array.js',
    forKey(namedInPath, (_key, _grant, request) => script(request, POSTHOG, POSTHOG_SNIPPET, HOUR_S)),
  );
  for (const [path, name] of [
    [`${tracker.path}.js`, TRACKER],
    [`${tracker.path}-attention.js`, ATTENTION],
  ] as const)
    app.get(path, (request, reply) => send(reply, script(request, tracker.library, name, HOUR_S)));
  app.get(
    '/sourceConfig',
    forKey(namedTwice, (_key, { keyId }) => settings(rudderSettings(keyId))),
  );
  app.get(
    '/array/:writeKey/config',
    forKey(namedInPath, () => settings(POSTHOG_CONFIG)),
  );
  app.get(
    '/array/:writeKey/config.js',
    forKey(namedInPath, (key) => ({ status: 200, headers: { ...NO_STORE, ...SCRIPT }, body: posthogScript(key) })),
  );

  type AnswerFor = (key: string, grant: Grant, request: FastifyRequest) => Answer;

  function forKey(keyOf: (request: FastifyRequest) => string | undefined, answer: AnswerFor) {
    return (request: FastifyRequest, reply: FastifyReply) => {
      const key = keyOf(request);
      if (key === undefined) return send(reply, refused(TWO_KEYS));
      const grant = authorise(key);
      if (isRefusal(grant)) return send(reply, refused(grant));
      // URLs end up in logs and histories: only a key that anybody may have stands in one.
      if (!grant.mayStandInUrl) return send(reply, refused(NOT_IN_URL));
      return send(reply, answer(key, grant, request));
    };
  }

  function segmentAnswer(key: string, _grant: Grant, { protocol, headers }: FastifyRequest): Answer {
    const found = segmentSettings(key, publicUrl, protocol, headers.host);
    return found === undefined
      ? refused(invalid('invalid_query', { field: 'the Host header', must: 'name a host', got: describe(headers.host) }))
      : settings(found);
  }
}

export const TWO_KEYS = invalid('invalid_write_key', {
  field: 'writeKey of the URL',
  must: 'be the key of the authorization header',
  got: 'another',
});
export const NOT_IN_URL = invalid('invalid_write_key', {
  field: 'the key in this URL',
  must: 'be one of the scope "browser"',
  got: 'another',
});

function namedInPath({ params }: FastifyRequest): string {
  return (params as { writeKey: string }).writeKey;
}

/** RudderStack's library sends its key in the header and in the URL. Undefined where they differ. */
function namedTwice({ query, headers }: FastifyRequest): string | undefined {
  const { writeKey } = query as { writeKey?: unknown };
  const ofUrl = typeof writeKey === 'string' ? writeKey : undefined;
  const ofHeader = keyOfHeader(headers.authorization ?? '');
  if (ofUrl !== undefined && ofHeader !== undefined && ofUrl !== ofHeader) return undefined;
  return ofHeader ?? ofUrl ?? '';
}

function script({ headers }: FastifyRequest, library: Library, name: string, maxAgeS: number): Answer {
  const found = library.scriptNamed(name);
  if (found === undefined) return problem('not_found', 'the library has no part of this name', { fix: PATH_FIX });
  // `gzip;q=0` asks for anything else.
  const isZipped = /(?:^|,)\s*gzip\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))/i.test(headers['accept-encoding'] ?? '');
  return {
    status: 200,
    headers: {
      ...SCRIPT,
      ...(isZipped && { 'content-encoding': 'gzip' }),
      vary: 'origin, accept-encoding',
      'cache-control': `public, max-age=${maxAgeS}`,
    },
    body: isZipped ? found.gzip : found.plain,
  };
}

function settings(value: object): Answer {
  const { status, headers, body } = json(JSON.stringify(value));
  return { status, headers: { ...headers, ...NO_STORE }, body };
}

function json(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

/** The names of most parts change with what they hold. */
const HASHED = /\.[0-9a-f]{20}\.js$/;
const YEAR_S = 31_536_000;
const HOUR_S = 3_600;
const NO_STORE = { 'cache-control': 'no-store' };
const SCRIPT = { 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff' };
