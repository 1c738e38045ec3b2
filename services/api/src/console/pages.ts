/**
 * The pages of the console. They hold no data, so they need no key: what they show they ask for, as any other client. Files are read once,
 * at the start; a request names one of them and never a path.
 */
import { type Built, type BuiltFile, readBuilt } from '@tributary/console/built';
import { PAGES } from '@tributary/console/page-names';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../http/problem.ts';

const OPEN = { config: { scope: 'open' as const } };
const BUILD_IT = 'Build it once with "npm run console", and start the API again; "npm start" and the image of the API do so.';

/** Nothing inline, nothing from elsewhere, no text that becomes HTML or a script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** What was built; null where nothing was, or where it cannot be read: answers do not wait for pages. */
export function consoleFiles(onWarning: (message: string, cause: unknown) => void, folder?: string): Built | null {
  try {
    return readBuilt(folder);
  } catch (cause) {
    onWarning('the files of the console cannot be read, so /ui is not served: build them again with "npm run console"', cause);
    return null;
  }
}

/** `built` is null where the console was not built. */
export function addConsolePages(app: FastifyInstance, built: Built | null): void {
  const page = (request: FastifyRequest, reply: FastifyReply) =>
    built === null
      ? sendProblem(reply, 'not_found', 'the console was not built on this machine', BUILD_IT)
      : send(request, reply.header('cache-control', 'no-cache'), built.page);
  for (const path of ['', '/', ...PAGES.flatMap((name) => [`/${name}`, `/${name}/`])])
    app.get(`/ui${path}`, OPEN, async (...both) => page(...both));
  app.get<{ Params: { name: string } }>('/ui/assets/:name', OPEN, async (request, reply) => {
    const file = built?.assets.get(request.params.name);
    if (file === undefined) return sendProblem(reply, 'not_found', 'the console has no such file', 'Load the page again.');
    return send(request, reply.header('cache-control', 'public, max-age=31536000, immutable'), file);
  });
}

function send({ headers }: FastifyRequest, reply: FastifyReply, { type, bytes, gzipped }: BuiltFile): FastifyReply {
  const takesGzip = /\bgzip\b(?!;q=0(\.0*)?(,|$))/.test(String(headers['accept-encoding'] ?? ''));
  reply.headers(PAGE_HEADERS).header('vary', 'accept-encoding').type(type);
  return takesGzip ? reply.header('content-encoding', 'gzip').send(gzipped) : reply.send(bytes);
}
