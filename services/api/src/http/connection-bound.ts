/**
 * A connection may have few requests under way. One that sends more at once is broken off: requests that come in one packet
 * all enter before any answer is taken, so thousands of answers would wait in this process for a client that reads none.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** False: the request's connection is broken off, and it needs no answer. */
export type AdmitRequest = (request: IncomingMessage, response: ServerResponse) => boolean;

export function createConnectionBound(mostUnderWay: number): AdmitRequest {
  const underWay = new WeakMap<Socket, number>();
  return ({ socket }, response) => {
    const others = underWay.get(socket) ?? 0;
    // What came in the same packet is still handed over after the connection was broken off.
    if (others >= mostUnderWay || socket.destroyed) {
      socket.destroy();
      return false;
    }
    underWay.set(socket, others + 1);
    // Comes exactly once for every answer, also for those whose client went away.
    response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    return true;
  };
}
