/** The HTTP server: its bounds, what holds for every route, and the routes that take no events. */
import { PATH_FIX } from '@tributary/model/errors';
import { createServer } from '@tributary/runtime/http/create-server';
import { fewRequests } from '@tributary/runtime/http/few-requests';
import { remembered } from '@tributary/runtime/http/remembered';
import { createWaitingAnswers, type WaitingLimits } from '@tributary/runtime/http/waiting-answers';
import { WITHOUT_JSON_SCHEMA } from '@tributary/runtime/http/without-json-schema';
import { keyKind, type Verdict } from '@tributary/runtime/keys/ring';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { problem, send } from '../answer.ts';
import type { Gates } from '../bodies/gate.ts';
import { BrokenRequest } from '../bodies/read-body.ts';
import { boundUnread } from '../bodies/unread-bodies.ts';
import type { Rejections } from '../checks/rejections.ts';
import { createSentScripts, type SentLimits } from '../clients/sent-scripts.ts';
import { withoutSlash } from '../formats/routes.ts';
import { keyOfHeader } from '../keys/write-key.ts';
import { openApi } from '../openapi/document.ts';
import type { Collector } from '../pipeline.ts';
import { addClientRoutes, type Tracker } from './client-routes.ts';
import { addCors, corsOf } from './cors.ts';
import { addEventRoutes } from './event-routes.ts';
import { addPixelRoutes } from './pixel-routes.ts';

export interface ServerOptions {
  readonly collector: Collector & { readonly rejections: Rejections };
  /** Whether a key may read. */
  readonly reader: (key: string) => Verdict;
  readonly gates: Gates;
  readonly registry: Registry;
  readonly publicUrl: string;
  readonly tracker: Tracker;
  /** `*`, or web origins separated by commas. */
  readonly origins: string;
  readonly maxConnections: number;
  readonly requestTimeoutMs: number;
  readonly waiting: WaitingLimits;
  readonly scripts: SentLimits;
  readonly ready: () => Promise<{ readonly ok: boolean; readonly detail: string }>;
  /** True once the service shall end: new requests are sent elsewhere. */
  readonly isDraining: () => boolean;
  readonly onDefect: (error: Error) => void;
}

export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { collector, gates, registry } = options;
  const limits = {
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 16 * 1024,
    headersTimeout: Math.min(10_000, options.requestTimeoutMs),
    connectionsCheckingInterval: 1_000,
  };
  const app = Fastify({
    logger: false,
    trustProxy: false,
    schemaController: WITHOUT_JSON_SCHEMA,
    rewriteUrl: ({ url = '/' }) => withoutSlash(url),
    return503OnClosing: false, // the hook below answers with our problem details
    forceCloseConnections: 'idle',
    serverFactory: (handler) =>
      Object.assign(createServer(limits, fewRequests(handler)), { maxConnections: options.maxConnections }),
  });
  const hold = createWaitingAnswers(options.waiting);
  const scripts = createSentScripts(options.scripts);

  await addCors(app, corsOf(options.origins), (route) => !NOT_FOR_PAGES.has(route));
  app.addHook('onRequest', (request, reply, done) => {
    scripts.asked(request.raw.socket);
    if (options.isDraining() && !PROBES.has(request.url)) send(reply, problem('log_unavailable', 'this collector is stopping'));
    else done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    hold(reply.raw, bytesOf(payload));
    scripts.sent(request.raw.socket, bytesOf(payload));
    if (reply.getHeader('connection') !== 'close') boundUnread(request.raw);
    // A connection that stayed open after the last answer would hold up the end.
    if (options.isDraining()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    collector.metrics.requestSeconds.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });

  addEventRoutes(app, collector, gates, options.tracker.path);
  addPixelRoutes(app, collector, gates);
  addClientRoutes(app, { authorise: collector.authorise, publicUrl: options.publicUrl, tracker: options.tracker });
  app.get('/v1/rejections', (request, reply) => {
    const key = keyOfHeader(request.headers.authorization ?? '') ?? '';
    const verdict = options.reader(key);
    if (verdict === 'forbidden')
      return send(reply, problem('forbidden', `the key must have the scope "read" (got ${keyKind(key)})`));
    if (verdict !== 'ok')
      return send(
        reply,
        problem('unauthorized', 'the authorization header must hold a key of the scope "read" (got none that is known)'),
      );
    return send(reply, {
      status: 200,
      headers: { ...JSON_TYPE, 'cache-control': 'no-store' },
      body: JSON.stringify(collector.rejections.list()),
    });
  });
  app.get('/openapi.json', (_request, reply) =>
    send(reply, { status: 200, headers: { ...JSON_TYPE, 'cache-control': 'public, max-age=300' }, body: DOCUMENT }),
  );
  app.get('/livez', (_request, reply) => send(reply, { status: 200, headers: JSON_TYPE, body: '{"ok":true}' }));
  app.get('/readyz', async (_request, reply) => {
    const readiness = options.isDraining() ? { ok: false, detail: 'stopping' } : await options.ready();
    return send(reply, { status: readiness.ok ? 200 : 503, headers: JSON_TYPE, body: JSON.stringify(readiness) });
  });
  const metrics = remembered(
    () => registry.metrics(),
    METRICS_REMEMBERED_MS,
    () => performance.now(),
  );
  app.get('/metrics', async (_request, reply) =>
    send(reply, { status: 200, headers: { 'content-type': registry.contentType }, body: await metrics() }),
  );
  app.setNotFoundHandler((request, reply) =>
    send(reply, problem('not_found', `${request.method} ${request.url.slice(0, 200)} does not exist`, { fix: PATH_FIX })),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof BrokenRequest) return reply.raw.destroy();
    if (error.statusCode !== undefined && error.statusCode < 500) return send(reply, problem('invalid_query', error.message));
    options.onDefect(error);
    return send(reply, problem('internal', 'the request failed inside the collector; its log has the cause'));
  });
  return app;
}

function bytesOf(payload: unknown): number {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0;
}

/** They take milliseconds to collect, and no key is needed to ask. */
const METRICS_REMEMBERED_MS = 1_000;
const DOCUMENT = JSON.stringify(openApi('0.1.0'));
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);
/** What operators ask for: a page that they look at must not read it with their network or their key. */
const NOT_FOR_PAGES: ReadonlySet<string> = new Set([...PROBES, '/v1/rejections']);
