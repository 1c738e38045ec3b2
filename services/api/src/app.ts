/**
 * The HTTP side, in the order a request meets it:
 *
 *   too many on its connection → closed · key and scope → 401/403 · too many of its key in flight → 429 · schema → 400 ·
 *   route · errors as RFC 9457 · counted and timed
 */
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import cors from '@fastify/cors';
import { originsOf } from '@tributary/configuration/roles/text-rules';
import type { Built } from '@tributary/console/built';
import { EVENT_STREAM } from '@tributary/contract/groups/stream';
import { PATH_FIX } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import { createFairShare } from '@tributary/runtime/http/fair-share';
import { whenClosed } from '@tributary/runtime/http/when-closed';
import { WITHOUT_JSON_SCHEMA } from '@tributary/runtime/http/without-json-schema';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addQueuesPage, type OpenBoard } from './admin/queues-page.ts';
import { addConsolePages } from './console/pages.ts';
import { keyOfSession } from './console/session-cookie.ts';
import { addSessionRoutes } from './console/session-routes.ts';
import { createSessions } from './console/sessions.ts';
import type { ApiContext, Routes } from './context.ts';
import { addDocsPage } from './docs-page.ts';
import { type Doorkeeper, isDocs, requireKey, stillReads } from './http/auth.ts';
import type { Answered } from './http/metrics.ts';
import { errorHandler, sendProblem } from './http/problem.ts';
import { createConnectionBound, parseJsonBody } from './http/request-bounds.ts';
import { compileValidator } from './http/serve.ts';

/** Every file of `routes/` has its plugin as `routes`; `contract.test.ts` compares what they answer on with the contract. */
const ROUTES = readdirSync(new URL('routes/', import.meta.url)).map((file) => basename(file, '.ts'));

export interface AppOptions {
  /** `*`, or origins of pages that may read with a key, separated by commas; '': no CORS headers at all. */
  readonly origins: string;
  /** Gives, for a route's pattern, what is called for each of its answers. */
  readonly timer?: (method: string, route: string) => Answered;
  /** The pages of /ui; null or absent: they were not built. */
  readonly console?: Built | null;
  /** What /admin/queues shows; absent: there are no queues. */
  readonly openBoard?: OpenBoard;
}

export async function buildApp(context: ApiContext, options: AppOptions): Promise<FastifyInstance> {
  const { deps } = context;
  const boot = randomUUID().slice(0, 8);
  let requests = 0;
  const admit = createConnectionBound(deps.limits.connectionRequests);
  const app = Fastify({
    logger: false,
    schemaController: WITHOUT_JSON_SCHEMA,
    bodyLimit: deps.limits.bodyBytes,
    trustProxy: deps.trustedProxies.length === 0 ? false : [...deps.trustedProxies],
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 72_000,
    http: { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    genReqId: () => `${boot}-${(++requests).toString(36)}`,
    // A percent-encoded user key of 256 characters.
    routerOptions: { maxParamLength: 4_096 },
    // Paths that cannot be decoded: no hook sees them.
    frameworkErrors: (error, request, reply) => {
      if (admit(request.raw, reply.raw)) sendProblem(reply, 'invalid_query', error.message);
    },
  });

  app.server.maxConnections = deps.limits.maxConnections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, text: string) =>
    parseJsonBody(text),
  );
  app.setValidatorCompiler(compileValidator);
  // Answers are typed by their schemas at compile time and checked against them in the tests, not on every request.
  // Not itself: Fastify gives the status beside the payload, which would be taken for an indent.
  app.setReplySerializer((payload) => exactJson(payload));
  app.setErrorHandler(errorHandler(deps.onWarning));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 'not_found', `${request.method} ${pathOf(request.url)} does not exist`, PATH_FIX),
  );

  app.decorateRequest('owner', '');
  app.decorateRequest('key', '');
  app.addHook('onRequest', (request, reply, done) => {
    if (admit(request.raw, reply.raw)) done();
  });
  context.unread.bound<FastifyRequest>(app, ({ owner }) => owner || null);
  if (options.origins !== '')
    await app.register(cors, {
      origin: originsOf(options.origins),
      methods: ['GET', 'POST', 'DELETE'],
      exposedHeaders: [...READABLE],
      maxAge: 600,
    });
  app.addHook('onRequest', (request, reply, done) => {
    if (!isDocs(request.url)) reply.headers(DATA_HEADERS);
    done();
  });
  const sessions = createSessions(deps.now);
  const { keys, now } = deps;
  const doorkeeper: Doorkeeper = { keys, now, sessionKey: (request) => keyOfSession(sessions, request) };
  app.decorate('mayStillRead', stillReads(doorkeeper));
  const inFlight = boundInFlight(deps.limits.maxInFlight);
  // For each route once, not for each request: what Fastify says of a request's route it puts together each time.
  app.addHook('onRoute', (route) => {
    const scope = route.config?.scope ?? 'read';
    if (scope !== 'open') route.onRequest = [requireKey(scope, doorkeeper), inFlight, ...[route.onRequest ?? []].flat()];
  });
  // An unknown path has no hooks of a route: its body is not read without a key either.
  for (const hook of [requireKey('read', doorkeeper), inFlight])
    app.addHook('onRequest', (request, reply, done) => (request.is404 ? hook(request, reply, done) : done()));
  if (options.timer !== undefined) timeAnswers(app, options.timer);

  await addDocsPage(app);
  addSessionRoutes(app, { sessions, keys, now });
  addConsolePages(app, options.console ?? null);
  addQueuesPage(app, options.openBoard);
  for (const name of ROUTES) {
    const { routes } = (await import(`./routes/${name}.ts`)) as { readonly routes: Routes };
    await app.register(routes(context));
  }
  return app;
}

/** The headers of an answer that pages of other origins may read. */
export const READABLE: readonly string[] = [
  'retry-after',
  'x-tributary',
  ...[
    ...['complete', 'generation', 'range', 'previous-range', 'next-cursor'],
    ...['incomplete', 'whole-from', 'left-out', 'exchange-rates'],
  ].map((name) => `x-tributary-${name}`),
];

/** Answers are data: never sniffed, framed, cached or run. The pages of /docs get their own policy. */
const DATA_HEADERS = {
  // Who answers, for clients that were given an address.
  'x-tributary': 'api',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

const STREAMED = `${EVENT_STREAM}; charset=utf-8`;

function timeAnswers(app: Pick<FastifyInstance, 'addHook'>, timer: (method: string, route: string) => Answered): void {
  const timed = (route: string) => {
    const byMethod = new Map<string, Answered>();
    return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      const { method } = request;
      const answered = byMethod.get(method) ?? timer(method, route);
      byMethod.set(method, answered);
      // A stream lasts for as long as somebody listens, which says nothing of the time that an answer takes.
      if (reply.raw.getHeader('content-type') !== STREAMED) answered(reply.statusCode, reply.elapsedTime);
      done();
    };
  };
  app.addHook('onRoute', (route) => {
    route.onResponse = [timed(route.url), ...[route.onResponse ?? []].flat()];
  });
  const nowhere = timed('(none)');
  app.addHook('onResponse', (request, reply, done) => (request.is404 ? nowhere(request, reply, done) : done()));
}

/** An onRequest hook. Answers that need no key are not among them: they are small, and probes must get them. */
function boundInFlight(most: number) {
  const inFlight = createFairShare(most);
  return ({ owner }: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (!inFlight.fits(owner, 1)) {
      const detail = `${inFlight.heldBy(owner)} requests of this key are being answered already, and ${inFlight.held} of all keys`;
      sendProblem(reply, 'overloaded', detail);
      return;
    }
    inFlight.take(owner, 1);
    whenClosed(reply.raw, () => inFlight.give(owner, 1));
    done();
  };
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return (query < 0 ? url : url.slice(0, query)).slice(0, 200);
}
