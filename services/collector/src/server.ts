/** The HTTP shell: authorises, counts, reads the body, hands it to the pipeline, and sends the answer. */
import cors from '@fastify/cors';
import { type Invalid, invalid } from '@tributary/model/validate-event';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { type Answer, problem } from './answer.ts';
import { binaryAttributes } from './cloud-events.ts';
import type { Gate } from './gate.ts';
import { type Collector, ingest } from './pipeline.ts';
import { BrokenRequest, discardBody, readBody } from './read-body.ts';
import { NATIVE, ROUTES, type Route, routeNamed } from './routes.ts';
import { browserSettings } from './settings.ts';
import { keyOfHeader } from './write-key.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The content type before it was dropped. */
    sentContentType: string;
  }
}

export interface ServerOptions {
  readonly collector: Collector;
  readonly gate: Gate;
  readonly registry: Registry;
  readonly publicUrl: string;
  /** `*`, or web origins separated by commas. */
  readonly origins: string;
  readonly maxConnections: number;
  readonly requestTimeoutMs: number;
  readonly ready: () => Promise<{ readonly ok: boolean; readonly detail: string }>;
  /** True once the service shall end: new requests are sent elsewhere. */
  readonly isDraining: () => boolean;
  readonly onDefect: (error: Error) => void;
}

export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { collector, gate, registry } = options;
  const app = Fastify({
    logger: false,
    trustProxy: false,
    return503OnClosing: false, // the hook below answers with our problem details
    forceCloseConnections: 'idle',
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: 65_000,
    http: {
      maxHeaderSize: 16 * 1024,
      headersTimeout: Math.min(10_000, options.requestTimeoutMs),
      connectionsCheckingInterval: 1_000,
    },
  });
  app.server.maxConnections = options.maxConnections;

  // Bodies are read by the handler, whatever their content type: Fastify's parsers and its check of the header are out of the way.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.decorateRequest('sentContentType', '');
  await app.register(cors, {
    origin: options.origins === '*' ? '*' : options.origins.split(',').map((origin) => origin.trim()),
    methods: ['GET', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-retry-count', 'x-strict-mode'],
    exposedHeaders: ['x-rejected-events', 'retry-after'],
    maxAge: 86_400,
  });
  app.addHook('onRequest', async (request, reply) => {
    if (options.isDraining() && !PROBES.has(request.url))
      return send(reply, problem('log_unavailable', 'this collector is stopping'));
  });
  // A connection that stayed open after the last answer would hold up the end.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (options.isDraining()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    collector.metrics.requestSeconds.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });

  for (const [path, route] of Object.entries(ROUTES))
    app.post(path, { onRequest: dropContentType }, (request, reply) => receive(request, reply, route, false));
  app.post('/v1/validate', { onRequest: dropContentType }, (request, reply) => {
    const { as } = request.query as { as?: unknown };
    const route = as === undefined ? NATIVE : typeof as === 'string' ? routeNamed(as) : undefined;
    if (route === undefined)
      return send(
        reply,
        problem('invalid_query', 'as names a route: events, track, page, screen, identify, group, alias, batch or import'),
      );
    return receive(request, reply, route, true);
  });
  // Segment's browser library reports on itself here, without a key: taken politely, kept nowhere.
  app.post(
    '/v1/m',
    { onRequest: async (_request, reply) => send(reply, { status: 200, headers: JSON_TYPE, body: '{"success":true}' }) },
    () => {},
  );

  app.get('/v1/projects/:writeKey/settings', (request, reply) => {
    const { writeKey } = request.params as { writeKey: string };
    const refusal = collector.refusalOf(writeKey);
    if (refusal !== undefined) return send(reply, problem('invalid_write_key', refusal));
    const settings = browserSettings(writeKey, options.publicUrl, request.protocol, request.headers.host);
    if (settings === undefined) return send(reply, problem('invalid_query', 'the Host header names no host'));
    return send(reply, { status: 200, headers: { ...JSON_TYPE, 'cache-control': 'no-store' }, body: JSON.stringify(settings) });
  });
  app.get('/livez', (_request, reply) => send(reply, { status: 200, headers: JSON_TYPE, body: '{"ok":true}' }));
  app.get('/readyz', async (_request, reply) => {
    const readiness = options.isDraining() ? { ok: false, detail: 'stopping' } : await options.ready();
    return send(reply, { status: readiness.ok ? 200 : 503, headers: JSON_TYPE, body: JSON.stringify(readiness) });
  });
  app.get('/metrics', async (_request, reply) =>
    send(reply, { status: 200, headers: { 'content-type': registry.contentType }, body: await registry.metrics() }),
  );
  app.setNotFoundHandler((request, reply) =>
    send(reply, problem('not_found', `there is no ${request.method} ${request.url.slice(0, 200)}`)),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof BrokenRequest) return reply.raw.destroy();
    if (error.statusCode !== undefined && error.statusCode < 500) return send(reply, problem('invalid_query', error.message));
    options.onDefect(error);
    return send(reply, problem('internal', 'the request failed inside the collector; its log has the cause'));
  });
  return app;

  async function receive(request: FastifyRequest, reply: FastifyReply, route: Route, checkOnly: boolean): Promise<FastifyReply> {
    const { authorization } = request.headers;
    const headerKey = authorization ? keyOfHeader(authorization) : undefined;
    if (authorization) {
      const refusal = headerKey === undefined ? 'the authorization header holds no key' : collector.refusalOf(headerKey);
      if (refusal !== undefined) {
        const invalidKey = invalid('invalid_write_key', refusal);
        await discardBody(request.raw, invalidKey);
        return refuse(request, reply, invalidKey);
      }
    }
    const lease = gate.lease();
    try {
      const { limits } = collector;
      const bytes = await readBody(request.raw, headerKey === undefined ? limits.keylessBodyBytes : limits.bodyBytes, lease);
      if (!bytes.ok) return refuse(request, reply, bytes);
      const delivery = {
        bytes: bytes.value,
        route,
        headerKey,
        isCloudEvent: CLOUD_EVENT.test(request.sentContentType),
        attributes: route.format === 'native' ? binaryAttributes(request.headers) : undefined,
      };
      const strict = request.headers['x-strict-mode'] === '1';
      return send(reply, await ingest(delivery, { strict, checkOnly }, lease, collector));
    } finally {
      lease.release();
    }
  }

  function refuse(request: FastifyRequest, reply: FastifyReply, { code, message }: Invalid): FastifyReply {
    collector.metrics.refused.inc({ code });
    // A body that is not read to its end leaves a connection that cannot carry another request.
    if (!request.raw.complete) reply.header('connection', 'close');
    return send(reply, problem(code, message));
  }
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const CLOUD_EVENT = /^\s*application\/cloudevents/i;
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Fastify answers 415 to a header that it cannot read; clients do label bodies wrongly. */
async function dropContentType(request: FastifyRequest): Promise<void> {
  const { headers } = request.raw;
  request.sentContentType = headers['content-type'] ?? '';
  delete headers['content-type'];
}

function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
