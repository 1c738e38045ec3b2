/** The routes that take events: authorise, read the body, hand both to the pipeline, send the answer. */
import { type Invalid, invalid } from '@tributary/model/validate-event';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { problem, send } from './answer.ts';
import { attributesOf } from './cloud-events.ts';
import type { Gate } from './gate.ts';
import { type Collector, ingest } from './pipeline.ts';
import { discardBody, readBody } from './read-body.ts';
import { NATIVE, ROUTES, type Route, routeNamed } from './routes.ts';
import { keyOfHeader } from './write-key.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The content type before it was dropped. */
    sentContentType: string;
  }
}

const CLOUD_EVENT = /^\s*application\/cloudevents/i;

export function addEventRoutes(app: FastifyInstance, collector: Collector, gate: Gate): void {
  // Bodies are read here, whatever their content type: Fastify's parsers and its check of the header are out of the way.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.decorateRequest('sentContentType', '');

  for (const [path, route] of Object.entries(ROUTES))
    app.post(path, { onRequest: dropContentType }, (request, reply) => receive(request, reply, route, false));
  app.post('/v1/validate', { onRequest: dropContentType }, (request, reply) => {
    const { as } = request.query as { as?: unknown };
    const route = as === undefined ? NATIVE : typeof as === 'string' ? routeNamed(as) : undefined;
    if (route !== undefined) return receive(request, reply, route, true);
    const names = Object.keys(ROUTES).filter((path) => path.startsWith('/v1/'));
    return send(reply, problem('invalid_query', `as is one of ${names.map((path) => path.slice('/v1/'.length)).join(', ')}`));
  });

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
      const isCloudEvent = CLOUD_EVENT.test(request.sentContentType);
      // The content type goes first: a structured event may carry its attributes as headers too.
      const attributes = route.format === 'native' && !isCloudEvent ? attributesOf(request.headers) : undefined;
      const delivery = { bytes: bytes.value, route, headerKey, isCloudEvent, attributes };
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

/** Fastify answers 415 to a header that it cannot read; clients do label bodies wrongly. */
function dropContentType(request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void {
  const { headers } = request.raw;
  request.sentContentType = headers['content-type'] ?? '';
  delete headers['content-type'];
  done();
}
