/** The routes that take events: authorise, read the body, hand both to the pipeline, send the answer. */
import type { Outcome } from '@tributary/model/reading/json';
import { describe, type Invalid, invalid } from '@tributary/model/refusal';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { type Answer, refused, send } from '../answer.ts';
import type { Gates, Lease } from '../bodies/gate.ts';
import { type BodyBounds, discardBody, overloaded, readBody } from '../bodies/read-body.ts';
import { createWaitingBodies } from '../bodies/waiting-bodies.ts';
import { attributesOf } from '../formats/cloud-events.ts';
import { NATIVE, ROUTE_NAMES, ROUTES, type Route, routeNamed, WEB } from '../formats/routes.ts';
import type { Grant } from '../keys/grant.ts';
import { isRefusal, keyOfHeader } from '../keys/write-key.ts';
import { type Collector, ingest, noteRefusal } from '../pipeline.ts';
import { bodyBytesOf, type Sender } from '../prepare.ts';
import { NOT_IN_URL, TWO_KEYS } from './client-routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The content type before it was dropped. */
    sentContentType: string;
  }
}

/** Whose body names its key: together they have the share of one key, until theirs is known. */
const STRANGERS = '';

const KEYLESS_HEADER = invalid('invalid_write_key', { field: 'the authorization header', must: 'hold a key', got: 'none' });

/** 160 kbit/s: what a phone sends where there is little of a network. The largest body then takes less than a request may. */
const KEYLESS_BYTES_PER_S = 20 * 1024;

const CLOUD_EVENT = /^\s*application\/cloudevents/i;

/** `trackerPath`: where the tracker of pages sends to. */
export function addEventRoutes(app: FastifyInstance, collector: Collector, gates: Gates, trackerPath: string): void {
  // Bodies are read here, whatever their content type: Fastify's parsers and its check of the header are out of the way.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.decorateRequest('sentContentType', '');
  const waitForBody = createWaitingBodies(gates.keyless);

  for (const [path, route] of Object.entries({ ...ROUTES, [trackerPath]: WEB }))
    app.post(path, { onRequest: dropContentType }, (request, reply) => receive(request, reply, route, false));
  app.post('/v1/validate', { onRequest: dropContentType }, (request, reply) => {
    const { as } = request.query as { as?: unknown };
    const route = as === undefined ? NATIVE : typeof as === 'string' ? routeNamed(as) : undefined;
    if (route !== undefined) return receive(request, reply, route, true);
    const must = `be one of ${ROUTE_NAMES.join(', ')}`;
    return send(reply, refused(invalid('invalid_query', { field: 'as', must, got: describe(as) })));
  });

  async function receive(request: FastifyRequest, reply: FastifyReply, route: Route, checkOnly: boolean): Promise<FastifyReply> {
    const sender = senderOf(request, route);
    if (sender !== undefined && 'ok' in sender) {
      await discardBody(request.raw, sender, collector.limits.keylessBodyMs);
      return refuse(request, reply, route, sender);
    }
    const lease = gates.keyed.lease(sender?.grant.keyId ?? STRANGERS);
    try {
      const bytes = sender ? await readKeyed(request, sender.grant, lease) : await readKeyless(request, lease);
      if (!bytes.ok) return refuse(request, reply, route, bytes, sender?.grant.keyId);
      // A body takes half a minute where its sender likes: meanwhile its key may have been revoked.
      const still = sender && collector.authorise(sender.key);
      if (still !== undefined && isRefusal(still)) return refuse(request, reply, route, still, sender?.grant.keyId);
      const isCloudEvent = CLOUD_EVENT.test(request.sentContentType);
      // The content type goes first: a structured event may carry its attributes as headers too.
      const attributes = route.format === 'native' && !isCloudEvent ? attributesOf(request.headers) : undefined;
      const { origin } = request.headers;
      const sentAt = route.format === 'posthog' ? sentAtOf(request) : undefined;
      const delivery = { bytes: bytes.value, route, sender, origin, isCloudEvent, attributes, sentAt };
      const strict = request.headers['x-strict-mode'] === '1';
      return send(reply, inWordsOf(route, await ingest(delivery, { strict, checkOnly }, lease, collector)));
    } finally {
      lease.release();
    }
  }

  /** Verified here alone, or refused. Undefined when the body has to name its key. */
  function senderOf({ headers, query }: FastifyRequest, route: Route): Sender | Invalid | undefined {
    const { authorization } = headers;
    if (!authorization) {
      const { writeKey } = query as { writeKey?: unknown };
      if (route.format !== 'segment' || route.keyInUrl !== true || typeof writeKey !== 'string') return undefined;
      const grant = collector.authorise(writeKey);
      if (isRefusal(grant)) return grant;
      return grant.mayStandInUrl ? { key: writeKey, grant } : NOT_IN_URL;
    }
    const key = keyOfHeader(authorization);
    if (key === undefined) return KEYLESS_HEADER;
    const { writeKey: other } = query as { writeKey?: unknown };
    if (route.format === 'segment' && route.keyInUrl === true && other !== undefined && other !== key) return TWO_KEYS;
    const grant = collector.authorise(key);
    return isRefusal(grant) ? grant : { key, grant };
  }

  function readKeyed(request: FastifyRequest, grant: Grant, lease: Lease): Promise<Outcome<Buffer>> {
    const bounds = { bytes: bodyBytesOf(grant, collector.limits), timeMs: collector.limits.bodyMs };
    return readBody(request.raw, bounds, lease);
  }

  /** Once it has arrived whole, the body counts against the gate of keyed requests. */
  async function readKeyless(request: FastifyRequest, lease: Lease): Promise<Outcome<Buffer>> {
    const { keylessBodyBytes, keylessBodyMs } = collector.limits;
    const bounds: BodyBounds = { bytes: keylessBodyBytes, timeMs: keylessBodyMs, bytesPerS: KEYLESS_BYTES_PER_S };
    const waiting = waitForBody();
    try {
      const bytes = await readBody(request.raw, bounds, waiting);
      if (bytes.ok && !lease.hold(bytes.value.length, 0)) return overloaded();
      return bytes;
    } finally {
      waiting.release();
    }
  }

  function refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    route: Route,
    refusal: Invalid,
    keyId: string | null = null,
  ): FastifyReply {
    noteRefusal({ refusal, keyId, origin: request.headers.origin }, collector);
    // A body that is not read to its end leaves a connection that cannot carry another request.
    if (!request.raw.complete) reply.header('connection', 'close');
    return send(reply, inWordsOf(route, refused(refusal)));
  }
}

/**
 * PostHog's browser library sends again after 5xx alone, so a collector that is full says 503 there. What one sender brings
 * about by itself, a slow body or a key beyond its rate, gets a 4xx: a health check that counts 5xx would take the collector for ill.
 */
function inWordsOf({ format }: Route, answer: Answer): Answer {
  const { status, headers, body, isOfKey } = answer;
  if (format !== 'posthog' || status !== 429 || isOfKey === true) return answer;
  return { status: 503, headers, body: JSON.stringify({ ...(JSON.parse(String(body)) as object), status: 503 }) };
}

/** PostHog's browser library says in `_` when it sends. */
function sentAtOf({ query }: FastifyRequest): number | undefined {
  const { _: text } = query as { _?: unknown };
  return typeof text === 'string' && /^\d{13}$/.test(text) ? Number(text) : undefined;
}

/** Fastify answers 415 to a header that it cannot read; clients do label bodies wrongly. */
function dropContentType(request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void {
  const { headers } = request.raw;
  request.sentContentType = headers['content-type'] ?? '';
  delete headers['content-type'];
  done();
}
