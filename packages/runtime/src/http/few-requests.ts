/**
 * Node parses all requests that lie in a piece of 64 KB, thousands, before the first is answered: each holds memory until the client
 * has read the answers before it. So a connection has at most a few requests under way.
 */
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { whenClosed } from './when-closed.ts';

export const REQUESTS_UNDER_WAY = 8;

/** Closes a connection that asks beyond `most` requests whose answers it has not taken. What it sent behind them is not looked at. */
export function fewRequests(listener: RequestListener, most = REQUESTS_UNDER_WAY): RequestListener {
  const underWay = new WeakMap<Socket, number>();
  const count = (socket: Socket, more: number) => underWay.set(socket, (underWay.get(socket) ?? 0) + more);

  return (request, response) => {
    const { socket } = request;
    if ((underWay.get(socket) ?? 0) >= most) {
      socket.destroy();
      return;
    }
    count(socket, 1);
    whenClosed(response, () => count(socket, -1));
    listener(request, response);
  };
}
