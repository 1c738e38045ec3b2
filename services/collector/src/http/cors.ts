/**
 * Which pages may send from a browser. The origin that asks is named in the answer, never `*`: a `sendBeacon` and a `fetch` with
 * credentials fail without that. The collector sets no cookie and asks none, so a page gains nothing by its credentials.
 */
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import { ORIGIN, originsOf, originsRule } from '@tributary/configuration/roles/text-rules';
import { TributaryError } from '@tributary/model/errors';
import { quoted } from '@tributary/runtime/config/setting';
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';

/** `origins`: `*`, or web origins separated by commas. Throws `invalid_config` where one could never be what a browser sends. */
export function corsOf(origins: string): FastifyCorsOptions {
  const wrong = originsRule(origins);
  if (wrong !== undefined)
    throw new TributaryError(
      'invalid_config',
      `TRIBUTARY_COLLECTOR_ORIGINS must ${wrong.must} (got ${quoted(origins)}). ${wrong.fix}`,
    );
  const named = origins === '*' ? null : new Set(originsOf(origins));
  // Anything else is not repeated in an answer.
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

type AnswerOptions = (error: null, found: FastifyCorsOptions) => void;

/**
 * For browsers, which name an origin, or ask before they send. What servers get differs from that by one header, and the library makes a dozen objects of each
 * request to find that out. `isForPages`: whether pages may read what a route, by its pattern, answers.
 */
export async function addCors(
  app: FastifyInstance,
  pages: FastifyCorsOptions,
  isForPages: (route: string) => boolean,
): Promise<void> {
  const addHook = (name: 'onRequest', hook: onRequestHookHandler) =>
    app.addHook(name, function forBrowsers(request, reply, done) {
      if (request.headers.origin !== undefined || request.method === 'OPTIONS') hook.call(this, request, reply, done);
      else {
        reply.header('vary', 'Origin');
        done();
      }
    });
  const optionsOf = ({ routeOptions }: FastifyRequest, answer: AnswerOptions) =>
    answer(null, isForPages(routeOptions.url ?? '') ? pages : { origin: false });
  const browsers: FastifyInstance = Object.create(app, { addHook: { value: addHook } });
  await new Promise<void>((resolve, reject) =>
    cors(browsers, optionsOf, (error) => (error === undefined ? resolve() : reject(error))),
  );
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
