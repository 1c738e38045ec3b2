/**
 * Short answers that clients do not read: the kernel takes a few megabytes of them, the rest waits in this process. Their bytes are
 * counted from the moment an answer is made until its connection has taken or lost it. Who reads takes an answer within milliseconds,
 * so beyond the budget the connections are broken off whose answers have waited longest: others are served. (`unread-answers.ts` is
 * for large answers, which are refused before they are made.)
 */
import type { ServerResponse } from 'node:http';
import { whenClosed } from './when-closed.ts';

export interface WaitingLimits {
  readonly maxBytes: number;
  /** A connection that has not taken an answer after this is closed: one that trickles would hold its bytes for ever. */
  readonly takeMs: number;
}

/** Request, response and headers: what the shortest answer holds. */
const LEAST_BYTES = 4 * 1024;

/** Counts the bytes of an answer until it is taken or lost. */
export type HoldAnswer = (response: ServerResponse, bytes: number) => void;

export function createWaitingAnswers({ maxBytes, takeMs }: WaitingLimits): HoldAnswer {
  let held = 0;
  /** The oldest first. */
  const waiting = new Map<ServerResponse, number>();

  function letGo(response: ServerResponse): void {
    held -= waiting.get(response) ?? 0;
    waiting.delete(response);
  }

  function hold(response: ServerResponse, bytes: number): void {
    // Who has gone before the answer was made takes none, and its connection closes no second time.
    if (response.destroyed || response.req.socket.destroyed) return;
    const size = bytes + LEAST_BYTES;
    waiting.set(response, size);
    held += size;
    // The socket of the request: an answer behind others of its connection has none yet.
    const limit = setTimeout(() => response.req.socket.destroy(), takeMs).unref();
    whenClosed(response, () => {
      clearTimeout(limit);
      letGo(response);
    });
    for (const [oldest] of waiting) {
      if (held <= maxBytes) break;
      letGo(oldest);
      oldest.req.socket.destroy();
    }
  }

  return hold;
}
