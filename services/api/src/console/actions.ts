/**
 * The few requests by which a session of the console changes something: what readers get, a run, when runs begin, who is erased. Everything else that changes
 * something needs a key of its own. The console asks for a typed confirmation before it sends one; here is only who may send it: a script of a page of
 * this origin, by what the browser says. A form, a link, or another page cannot.
 */
import { ERASURE_ROUTES } from '@tributary/contract/groups/erasures';
import { GENERATION_ROUTES } from '@tributary/contract/groups/generations';
import { REPROCESSING_ROUTES } from '@tributary/contract/groups/reprocessing';
import { SCHEDULE_ROUTES } from '@tributary/contract/groups/schedules';
import { SIGNAL_VALUE_ROUTES } from '@tributary/contract/groups/signal-values';
import type { FastifyRequest } from 'fastify';

const { requestGeneration, publishGeneration, rollbackGeneration, discardGeneration } = GENERATION_ROUTES;
const { eraseUsers, liftErasure } = ERASURE_ROUTES;
const { setSchedule, pauseSchedule, resumeSchedule, removeSchedule } = SCHEDULE_ROUTES;
/** The first two only say what a run would do, and what other definitions would say. */
const ACTIONS: ReadonlySet<string> = new Set(
  [
    REPROCESSING_ROUTES.planReprocessing,
    SIGNAL_VALUE_ROUTES.previewDefinitions,
    ...[requestGeneration, publishGeneration, rollbackGeneration, discardGeneration],
    ...[eraseUsers, liftErasure],
    ...[setSchedule, pauseSchedule, resumeSchedule, removeSchedule],
  ].map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
);

export function isAction({
  method,
  headers,
  routeOptions,
}: Pick<FastifyRequest, 'method' | 'headers' | 'routeOptions'>): boolean {
  return (
    ACTIONS.has(`${method} ${routeOptions?.url}`) &&
    headers['sec-fetch-dest'] === 'empty' &&
    /^(cors|same-origin)$/.test(String(headers['sec-fetch-mode'])) &&
    /^application\/json(;|$)/.test(headers['content-type'] ?? '')
  );
}
