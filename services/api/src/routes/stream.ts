/** What comes in just now: a moment as JSON, or one each second for as long as somebody listens. */
import type { StreamAnswer } from '@tributary/contract/groups/stream';
import { EVENT_STREAM, STREAM_ROUTES } from '@tributary/contract/groups/stream';
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
import { createStreamHub, type StreamHub } from '../stream-hub.ts';

const MOST_TYPES = 200;

export const routes: Routes = (context) => (app, _options, done) => {
  const hub = createStreamHub({ make: async () => exactJson(await arrivalsOf(context)) });
  app.addHook('preClose', (closed) => {
    hub.close();
    closed();
  });
  serve(app, STREAM_ROUTES.stream, async (request, reply) =>
    wantsStream(request.headers.accept) ? listen(hub, request as unknown as FastifyRequest, reply) : arrivalsOf(context),
  );
  done();
};

function wantsStream(accept = ''): boolean {
  return accept.split(',').some((type) => type.trim().split(';')[0] === EVENT_STREAM);
}

function listen(hub: StreamHub, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { owner } = request;
  const { raw } = reply;
  let begun = false;
  const leave = hub.join({
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
  });
  if (leave === null) return sendProblem(reply, 'overloaded', `${hub.listeners} listen already, of this key or of all`);
  whenClosed(raw, leave);
  return reply;
}

async function arrivalsOf(context: ApiContext): Promise<z.output<typeof StreamAnswer>> {
  const { deps, board } = context;
  const now = deps.now();
  // From yesterday on, so that no count begins again at midnight.
  const since = dayOf(now - DAY_MS);
  const snapshot = await takeSnapshot(context, [activity], 'merged');
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
      partitions: board
        .states()
        .map((state, partition) => ({ partition, lagMs: state === null ? null : Math.max(0, now - state.logTimeMs) })),
      meta: ready.meta({ holes: [], notes: [] }),
    };
  });
}
