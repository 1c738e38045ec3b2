/**
 * Events in the URL of a picture, for mails and pages without scripts. RudderStack's form names the fields in the query
 * (`properties.list=autumn`), Segment's has the call as JSON in base64 (`data=`). The key stands in the URL, so it is one that
 * anybody may have, and the bound on headers is the bound on events.
 */
import { type Outcome, present } from '@tributary/model/reading/json';
import { invalid } from '@tributary/model/refusal';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refused, send } from '../answer.ts';
import type { Gates } from '../bodies/gate.ts';
import { overloaded } from '../bodies/read-body.ts';
import { single } from '../formats/routes.ts';
import { SEGMENT_TYPES } from '../formats/segment.ts';
import { isRefusal } from '../keys/write-key.ts';
import { type Collector, ingest } from '../pipeline.ts';
import { NOT_IN_URL } from './client-routes.ts';

const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const PICTURE = { 'content-type': 'image/gif', 'cache-control': 'no-store' };
/** Parts of names such as `properties.list`: as deep as the fields of a call may lie. */
const MAX_PARTS = 10;

export function addPixelRoutes(app: FastifyInstance, collector: Collector, gates: Gates): void {
  const authorise: Collector['authorise'] = (key) => {
    const grant = collector.authorise(key);
    return isRefusal(grant) || grant.mayStandInUrl ? grant : NOT_IN_URL;
  };
  const inUrl: Collector = { ...collector, authorise };

  // A HEAD request asks about a picture: it must not write an event.
  for (const type of SEGMENT_TYPES)
    for (const path of [`/pixel/v1/${type}`, `/v1/pixel/${type}`])
      app.get(path, { exposeHeadRoute: false }, async (request, reply) => {
        const call = callOf(request);
        if (!call.ok) return send(reply, refused(call));
        const lease = gates.keyed.lease(PIXELS);
        try {
          if (!lease.hold(call.value.length, 0)) return send(reply, refused(overloaded()));
          const delivery = {
            bytes: call.value,
            route: single(type),
            sender: undefined,
            origin: originOf(request),
            isCloudEvent: false,
          };
          const answer = await ingest({ ...delivery, attributes: undefined }, { strict: true, checkOnly: false }, lease, inUrl);
          return send(reply, answer.status === 200 ? { status: 200, headers: PICTURE, body: GIF } : answer);
        } finally {
          lease.release();
        }
      });
}

/** Together they have the share of one key, until theirs is known. */
const PIXELS = Symbol('pixels');

/** A picture is asked for without an `Origin`. */
function originOf({ headers }: FastifyRequest): string | undefined {
  const { origin, referer } = headers;
  return origin ?? (referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined);
}

function callOf({ query }: FastifyRequest): Outcome<Buffer> {
  const { data, ...fields } = query as Readonly<Record<string, unknown>>;
  if (typeof data === 'string') return { ok: true, value: Buffer.from(data, 'base64') };
  const call = bare({ context: bare({ library: bare({ name: 'pixel' }) }) });
  for (const [name, value] of Object.entries(fields)) {
    const parts = name.split('.', MAX_PARTS + 1);
    if (parts.length > MAX_PARTS)
      return invalid('too_deep', { field: 'a field of the URL', must: `lie at most ${MAX_PARTS} levels deep`, got: 'more' });
    set(call, parts, Array.isArray(value) ? value.at(-1) : value);
  }
  return { ok: true, value: Buffer.from(JSON.stringify(call)) };
}

function set(call: Record<string, unknown>, parts: readonly string[], value: unknown): void {
  let place = call;
  for (const part of parts.slice(0, -1)) {
    const inner = present(place[part]);
    place = (typeof inner === 'object' ? inner : (place[part] = bare({}))) as Record<string, unknown>;
  }
  place[parts.at(-1) as string] = value;
}

/** Without a prototype, so that no name of a field is more than a name. */
function bare(fields: object): Record<string, unknown> {
  return Object.assign(Object.create(null), fields);
}
