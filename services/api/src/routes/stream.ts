/** What comes in just now: a moment as JSON, or one each second for as long as somebody listens, beside the lines of the output log. */

import type { IncomingHttpHeaders } from 'node:http';
import type { StreamAnswer } from '@tributary/contract/groups/stream';
import { EVENT_STREAM, OUTPUT_KINDS, STREAM_KINDS, STREAM_ROUTES } from '@tributary/contract/groups/stream';
import type { Request } from '@tributary/contract/shapes/route';
import { TributaryError } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import { add, type Integer } from '@tributary/model/integer';
import { DAY_MS, dayOf } from '@tributary/model/time';
import { OWN } from '@tributary/runtime/http/turns-of-keys';
import { whenClosed } from '@tributary/runtime/http/when-closed';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { activity } from '@tributary/views/activity/fold';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
import { sendProblem } from '../http/problem.ts';
import { serve } from '../http/serve.ts';
import { placesOf } from '../stream/event-id.ts';
import { createForgotten } from '../stream/forgotten.ts';
import { createStreamHub, type Member, type StreamHub, type Wants } from '../stream/hub.ts';
import { createNewestEvents, type NewestEvents } from '../stream/newest-events.ts';
import { type Asked, createOutputStream } from '../stream/outputs.ts';

const MOST_TYPES = 200;

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps } = context;
  const forgotten = createForgotten(context);
  const newest = createNewestEvents({ log: deps.newestOf, forgotten, clock: () => performance.now() });
  const hub = createStreamHub({ make: async () => exactJson(await arrivalsOf(context, newest)) });
  const outputs = createOutputStream({
    partitions: deps.partitions,
    open: deps.exports.openOutputs,
    forgotten,
    onWarning: deps.onWarning,
  });
  app.addHook('preClose', (closed) => {
    hub.close();
    closed();
  });
  serve(app, STREAM_ROUTES.stream, async (request, reply) => {
    const { query, headers } = request;
    const chosen = { ...query, after: lastIdOf(headers) ?? query.after };
    if (!wantsStream(headers.accept)) return demandNoChoice(query) ?? arrivalsOf(context, newest);
    const from = chosen.after === undefined ? null : placesOf(chosen.after, deps.partitions);
    const kinds = new Set<string>(query.kinds.length === 0 ? STREAM_KINDS : query.kinds);
    const member = listen(hub, request as unknown as FastifyRequest, reply, { arrivals: kinds.has('arrivals') });
    if (member === null) return sendProblem(reply, 'overloaded', `${hub.listeners} listen already, of this key or of all`);
    if (OUTPUT_KINDS.some((kind) => kinds.has(kind))) outputs.follow(member, { from, wants: wantsOf(query) });
    return reply;
  });
  done();
};

function wantsStream(accept = ''): boolean {
  return accept.split(',').some((type) => type.trim().split(';')[0] === EVENT_STREAM);
}

function lastIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

type Query = Request<typeof STREAM_ROUTES.stream>['query'];

/** Types that a newer speed layer may send are among all. */
function wantsOf({ kinds, segments }: Query): Asked['wants'] {
  const [types, names] = [new Set<string>(kinds), segments === undefined ? null : new Set([segments].flat())];
  return ({ type, of }) => (types.size === 0 || types.has(type)) && (names === null || of === null || names.has(of));
}

/** Throws `invalid_query` where something was chosen of a stream that was not asked for. */
function demandNoChoice({ kinds, segments, after }: Query): null {
  if (kinds.length === 0 && segments === undefined && after === undefined) return null;
  throw new TributaryError(
    'invalid_query',
    `kinds, segments and after must come with the header "Accept: ${EVENT_STREAM}" (got none). Send it, or leave them out.`,
  );
}

function listen(hub: StreamHub, request: FastifyRequest, reply: FastifyReply, wants: Wants): Member | null {
  const { owner } = request;
  const { raw } = reply;
  let begun = false;
  const member = hub.join(
    {
      owner,
      write(text) {
        if (!begun) {
          begun = true;
          reply.hijack();
          raw.writeHead(200, {
            ...(reply.getHeaders() as Record<string, string>),
            'content-type': `${EVENT_STREAM}; charset=utf-8`,
            'cache-control': 'no-store, no-transform',
            // Proxies that gather what they pass on.
            'x-accel-buffering': 'no',
          });
        }
        raw.write(text);
      },
      waiting: () => raw.writableLength,
      isAllowed: () => request.server.mayStillRead(request),
      end: () => void raw.end(),
      cut: () => void raw.destroy(),
    },
    wants,
  );
  if (member !== null) whenClosed(raw, member.leave);
  return member;
}

async function arrivalsOf(context: ApiContext, newest: NewestEvents): Promise<z.output<typeof StreamAnswer>> {
  const { deps, board } = context;
  const now = deps.now();
  // From yesterday on, so that no count begins again at midnight.
  const since = dayOf(now - DAY_MS);
  const [snapshot, newestEvents] = await Promise.all([takeSnapshot(context, [activity], 'merged'), newest.take()]);
  return snapshot.ready(OWN, (ready) => {
    const rows = ready.project(activity, { days: { fromDay: since, toDay: null }, by: ['type'], equal: {} });
    const all = [...rows].map(([type, [events = 0]]) => ({ type, events }));
    const types = all.sort((a, b) => Number(b.events) - Number(a.events) || (a.type < b.type ? -1 : 1)).slice(0, MOST_TYPES);
    const left = all.slice(MOST_TYPES);
    return {
      at: now,
      since,
      types: types.sort((a, b) => (a.type < b.type ? -1 : 1)),
      otherTypes: { types: left.length, events: left.reduce((sum: Integer, { events }) => add(sum, events), 0) },
      newest: newestEvents,
      partitions: board
        .states()
        .map((state, partition) => ({ partition, lagMs: state === null ? null : Math.max(0, now - state.logTimeMs) })),
      meta: ready.meta({ holes: [], notes: [] }),
    };
  });
}
