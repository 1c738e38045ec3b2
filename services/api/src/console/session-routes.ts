/**
 * Logging in to the console. A key is typed, or a link is opened that holds a code: either comes in a body, never in a URL. What the page
 * gets is a cookie that no script reads.
 *
 *   POST /ui/login-codes   a key that may read → a code, once, within 15 minutes (npm start prints the link)
 *   POST /ui/session       { key } or { code } → a session
 *   GET  /ui/session       who is logged in
 *   DELETE /ui/session     log out
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { publicHalf, reasonOf } from '../http/auth.ts';
import { sendProblem } from '../http/problem.ts';
import type { KeyVerifier } from '../ports.ts';
import { cookieOf, endedCookie, isOwnPage, sessionOf } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';

/** The longest body is a key in JSON. */
const BODY_BYTES = 1_024;
const Secret = z.string().min(1).max(256);
const LoginBody = z.union([z.strictObject({ key: Secret }), z.strictObject({ code: Secret })]);
const OPEN = { config: { scope: 'open' as const } };
const OPEN_CONSOLE =
  'Open /ui over HTTPS, or over HTTP on the machine itself (http://127.0.0.1, http://localhost), in a browser of 2024 or later.';
const NOT_A_LOGIN = 'the body must be {"key": "tr_…"} or {"code": "…"} (got another one)';
const AGAIN = 'Log in with a key of the scope read or admin.';

/** Over plain HTTP beyond the machine itself browsers do not say which page asks. */
function otherPage({ headers }: FastifyRequest): string {
  const site = headers['sec-fetch-site'];
  const got = site === undefined ? 'no Sec-Fetch-Site' : 'another one, by its Sec-Fetch-Site';
  return `the request must come from a page of the console itself (got ${got})`;
}

interface Context {
  readonly sessions: Sessions;
  readonly keys: KeyVerifier;
  readonly now: () => number;
}

export function addSessionRoutes(app: FastifyInstance, { sessions, keys, now }: Context): void {
  app.post('/ui/session', { ...OPEN, bodyLimit: BODY_BYTES }, async (request, reply) => {
    if (!isOwnPage(request)) return sendProblem(reply, 'forbidden', otherPage(request), OPEN_CONSOLE);
    const { data: given } = LoginBody.safeParse(request.body);
    // What was given is not quoted: it may be a key, badly copied.
    if (given === undefined) return sendProblem(reply, 'invalid_query', NOT_A_LOGIN);
    const key = 'key' in given ? given.key : sessions.spend(given.code);
    if (key === null) return sendProblem(reply, 'unauthorized', 'the link was used already, or is older than 15 minutes', AGAIN);
    const verdict = keys.verify(key, 'read', now());
    if (verdict === 'forbidden')
      return sendProblem(reply, 'forbidden', 'the console needs a key with the scope "read" or "admin" (got another one)', AGAIN);
    if (verdict !== 'ok') return sendProblem(reply, 'unauthorized', reasonOf(verdict), AGAIN);
    endSession(request);
    const id = sessions.open(key);
    if (id === null) return sendProblem(reply, 'overloaded', 'as many sessions as there may be are open');
    reply.header('set-cookie', cookieOf(request, id));
    return { ...holderOf(key), endsAt: sessions.endOf(id) };
  });

  app.get('/ui/session', OPEN, async (request, reply) => {
    const id = sessionOf(request);
    const key = id === null ? null : sessions.keyOf(id);
    if (id === null || key === null) return sendProblem(reply, 'unauthorized', 'no session is open here', AGAIN);
    const verdict = keys.verify(key, 'read', now());
    if (verdict === 'ok') return { ...holderOf(key), endsAt: sessions.endOf(id) };
    endSession(request);
    reply.header('set-cookie', endedCookie(request));
    return sendProblem(reply, 'unauthorized', reasonOf(verdict === 'forbidden' ? 'unknown' : verdict), AGAIN);
  });

  app.delete('/ui/session', OPEN, async (request, reply) => {
    if (!isOwnPage(request)) return sendProblem(reply, 'forbidden', otherPage(request), OPEN_CONSOLE);
    endSession(request);
    return reply.header('set-cookie', endedCookie(request)).code(204).send();
  });

  app.post('/ui/login-codes', { config: { scope: 'read' }, bodyLimit: BODY_BYTES }, async (request, reply) =>
    answerCode(request, reply),
  );

  function answerCode({ headers }: FastifyRequest, reply: FastifyReply) {
    const made = sessions.codeFor((headers.authorization ?? '').replace(/^bearer +/i, '').trim());
    return made ?? sendProblem(reply, 'overloaded', 'as many codes as there may be wait to be used');
  }

  function endSession(request: FastifyRequest): void {
    const id = sessionOf(request);
    if (id !== null) sessions.close(id);
  }

  /** What the page may know of its key: its public half, and what it may do. */
  function holderOf(key: string) {
    return { key: publicHalf(key), scope: keys.verify(key, 'admin', now()) === 'ok' ? 'admin' : 'read' };
  }
}
