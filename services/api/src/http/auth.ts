/**
 * Who may ask. Every route needs a key unless its config says `scope: 'open'`, so a route that forgets to say is closed.
 * Keys come as Bearer, or as the session of a reader of the console (`console/session-cookie.ts`); on /docs and /admin/queues, which people open in browsers and which change nothing, also as the
 * password of a Basic authorization. Elsewhere Basic is refused: browsers send it by themselves, and another site's page must not act with an admin's key.
 */
import { keyKind } from '@tributary/runtime/keys/ring';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeyVerifier, Scope } from '../ports.ts';
import { sendProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    scope?: Scope | 'open';
  }
  interface FastifyInstance {
    /** For an answer that goes on: the key of the request may still read, and its session is open, if it has one. */
    mayStillRead(request: FastifyRequest): boolean;
  }
  interface FastifyRequest {
    /** The public half of the key that was verified, `prefix_id`: whose share the request has; '' without one. */
    owner: string;
    /** The key itself, to ask other roles with; never to be shown, logged or kept. */
    key: string;
  }
}

const KEY_LENGTH = 256;

export interface Doorkeeper {
  readonly keys: KeyVerifier;
  readonly now: () => number;
  /** The key of the console's session that a request without a key of its own is made in. */
  readonly sessionKey: (request: FastifyRequest) => string | null;
}

/** An onRequest hook of a route that needs `scope`. */
export function requireKey(scope: Scope, { keys, now, sessionKey }: Doorkeeper) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const page = isDocs(request.url) ? 'read' : isWithin(request.url, QUEUES_PAGE) ? 'admin' : null;
    const { authorization } = request.headers;
    const key = authorization === undefined && page !== 'read' ? sessionKey(request) : keyOf(authorization, page !== null);
    const verdict = key === null ? 'absent' : keys.verify(key, scope, now());
    if (verdict === 'ok') {
      request.owner = publicHalf(key ?? '');
      request.key = key ?? '';
      done();
      return;
    }
    if (page !== null) reply.header('www-authenticate', `Basic realm="tributary: a key of the scope ${page} as the password"`);
    if (verdict === 'forbidden')
      sendProblem(reply, 'forbidden', `this route needs a key with the scope "${scope}" (got ${keyKind(key ?? '')})`);
    else sendProblem(reply, 'unauthorized', REASON[verdict]);
  };
}

/** For `mayStillRead`. */
export function stillReads({ keys, now, sessionKey }: Doorkeeper) {
  return (request: FastifyRequest): boolean =>
    (request.headers.authorization !== undefined || sessionKey(request) === request.key) &&
    keys.verify(request.key, 'read', now()) === 'ok';
}

/** `prefix_id`. */
export function publicHalf(key: string): string {
  const idEnds = key.indexOf('_', key.indexOf('_') + 1);
  return key.slice(0, Math.min(60, idEnds < 0 ? key.length : idEnds));
}

const REASON = {
  absent: 'the request carries no key',
  unknown: 'the key is not known here',
  expired: 'the key has expired',
  revoked: 'the key was revoked',
} as const;

export function reasonOf(verdict: keyof typeof REASON): string {
  return REASON[verdict];
}

export function isDocs(url: string): boolean {
  return isWithin(url, '/docs');
}

/** Where the queues of the batch layer are shown. */
export const QUEUES_PAGE = '/admin/queues';

function isWithin(url: string, page: string): boolean {
  return url.startsWith(page) && (url.length === page.length || url[page.length] === '/' || url[page.length] === '?');
}

/** The key that a browser logged in to /docs with; '' without one. */
export function keyOfDocs(authorization: string | undefined): string {
  return keyOf(authorization, true) ?? '';
}

function keyOf(authorization: string | undefined, basicAllowed: boolean): string | null {
  if (authorization === undefined || authorization.length > KEY_LENGTH * 2) return null;
  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space).toLowerCase();
  const rest = authorization.slice(space + 1).trim();
  if (scheme === 'bearer') return rest === '' ? null : rest;
  if (scheme !== 'basic' || !basicAllowed) return null;
  const [user = '', password = ''] = Buffer.from(rest, 'base64').toString().split(':');
  return password === '' ? user : password;
}

/** For the record of who did what. */
export function actorOf({ owner }: FastifyRequest): string {
  return `key ${owner}`;
}
