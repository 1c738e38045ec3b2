/** What every request is held to before its route sees it: how many its connection has under way, and what its body may hold. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TributaryError } from '@tributary/model/errors';
import { validateProperties } from '@tributary/model/reading/validate-event';
import { whenClosed } from '@tributary/runtime/http/when-closed';

/** False: the request's connection is broken off, and it needs no answer. */
export type AdmitRequest = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * A connection may have few requests under way. One that sends more at once is broken off: requests that come in one packet
 * all enter before any answer is taken, so thousands of answers would wait in this process for a client that reads none.
 */
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
    whenClosed(response, () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    return true;
  };
}

/** The value of a JSON body, refused when it holds what no request needs (poisoned prototypes, lone surrogates, 2^53+1). */
export function parseJsonBody(text: string): unknown {
  if (text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TributaryError('invalid_json', `the body must be JSON (got what its parser refuses: ${(cause as Error).message})`, {
      cause,
    });
  }
  const bad = validateProperties(value, 'body');
  if (bad !== undefined) throw new TributaryError(bad.code, bad.message);
  return value;
}
