/**
 * /admin/queues: Bull Board, read-only, for keys of the scope admin. Its routes that change something are not reachable: only GET comes this
 * far, and the board itself refuses the others (`readOnlyMode`). The page names fonts of another host; they are left out.
 */
import { TributaryError } from '@tributary/model/errors';
import { within } from '@tributary/runtime/wait';
import type { FastifyInstance } from 'fastify';
import { QUEUES_PAGE } from '../http/auth.ts';

/** Opens the board, once, when it is first asked for. */
export type OpenBoard = () => Promise<Pick<FastifyInstance, 'inject'>>;

/** The board's own page has styles in line; its scripts are its files. `base-uri`: its links are relative to the path of the board. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};
const OTHER_HOSTS = /<link[^>]*\shref="https?:[^>]*>/g;

const ANSWER_MS = 5_000;
/** Questions that Redis has not answered. */
const MOST_PENDING = 16;
/** Jobs of a page: each may hold definitions. */
const MOST_JOBS = 50;
/** More pages than the queue remembers jobs. */
const MOST_PAGES = 10_000;

export function addQueuesPage(app: FastifyInstance, open: OpenBoard | undefined): void {
  let opened: ReturnType<OpenBoard> | undefined;
  let pending = 0;
  const board = () =>
    (opened ??= (open ?? absent)().catch((cause: unknown) => {
      opened = undefined;
      throw cause;
    }));

  async function ask(url: string) {
    if (pending >= MOST_PENDING)
      throw new TributaryError('overloaded', `${pending} questions to the queues wait for an answer already`);
    pending++;
    const asked = board().then((inner) => inner.inject({ method: 'GET', url }));
    const ended = () => {
      pending--;
    };
    void asked.then(ended, ended);
    return within(ANSWER_MS, asked, late);
  }

  for (const path of [QUEUES_PAGE, `${QUEUES_PAGE}/*`])
    app.get(path, { config: { scope: 'admin' } }, async (request, reply) => {
      const { statusCode, headers, rawPayload } = await ask(bounded(request.url));
      const type = String(headers['content-type']);
      reply.code(statusCode).headers(PAGE_HEADERS).type(type);
      return reply.send(type.startsWith('text/html') ? rawPayload.toString().replaceAll(OTHER_HOSTS, '') : rawPayload);
    });
}

/** Commands of the queue wait for Redis without a limit. */
function late(): TributaryError {
  return new TributaryError('store_unavailable', `the queues did not answer within ${ANSWER_MS} ms`);
}

function absent(): never {
  throw new TributaryError('not_found', 'this server has no queues to show');
}

/** Pages of the list begin with 1 and have at most MOST_JOBS, whatever was asked for, and how often. */
function bounded(url: string): string {
  const [path = '', query] = url.split('?', 2);
  if (query === undefined) return url;
  const asked = new URLSearchParams(query);
  for (const [name, most] of Object.entries({ jobsPerPage: MOST_JOBS, page: MOST_PAGES }))
    if (asked.has(name)) asked.set(name, String(Math.min(most, Math.max(1, Math.trunc(Number(asked.get(name))) || 1))));
  return `${path}?${asked}`;
}
