/**
 * The cookie of a session. It counts for the console's own pages alone: the browser itself says (`Sec-Fetch-Site`) that a page of this origin
 * asks, which no page can write. It counts for reads, and for the actions of `actions.ts`. So a page of another site, or of another port of
 * this host, acts with nothing of a reader who is logged in, though the browser may send the cookie along.
 */
import type { FastifyRequest } from 'fastify';
import { isAction } from './actions.ts';
import { LIFE_MS, type Sessions } from './sessions.ts';

type Asked = Pick<FastifyRequest, 'headers' | 'method' | 'routeOptions' | 'socket'>;

/** By port: cookies are shared by all ports of a host. `__Host-`: set by this host, over HTTPS or on loopback, for all its paths. */
const nameOf = ({ socket }: Asked) => `__Host-tributary-${socket.localPort ?? 0}`;

const FLAGS = 'Path=/; HttpOnly; Secure; SameSite=Strict';
const ID = /^[\w-]{43}$/;

export function cookieOf(request: Asked, id: string): string {
  return `${nameOf(request)}=${id}; ${FLAGS}; Max-Age=${LIFE_MS / 1_000}`;
}

export function endedCookie(request: Asked): string {
  return `${nameOf(request)}=; ${FLAGS}; Max-Age=0`;
}

/** A page of this very origin asks, by what the browser says. */
export function isOwnPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['sec-fetch-site'] === 'same-origin';
}

/** The id that a page of this origin shows; null: none, or the page is of another origin. */
export function sessionOf(request: Asked): string | null {
  if (!isOwnPage(request)) return null;
  const name = `${nameOf(request)}=`;
  const found = (request.headers.cookie ?? '').split(/; */).find((one) => one.startsWith(name));
  const id = found?.slice(name.length) ?? '';
  return ID.test(id) ? id : null;
}

/** The key of the session that a read or an action is made with; null: no session, or it is something else. */
export function keyOfSession(sessions: Pick<Sessions, 'keyOf'>, request: Asked): string | null {
  if (request.method !== 'GET' && request.method !== 'HEAD' && !isAction(request)) return null;
  const id = sessionOf(request);
  return id === null ? null : sessions.keyOf(id);
}
