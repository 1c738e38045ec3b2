/**
 * What clients asked for and do not read lies in this process: the kernel takes a few megabytes of it, the rest waits. Its bytes are
 * counted from the moment an answer is made until its connection has taken or lost it, and beyond a budget no more are made.
 * Small answers go out in any case: whoever reads nothing must not keep others from short questions.
 */
import type { ServerResponse } from 'node:http';
import { TributaryError } from '@tributary/model/errors';

/** What of a Fastify instance is used: this package does not depend on it. */
interface App {
  addHook(
    name: 'onSend',
    hook: (
      request: unknown,
      reply: { readonly raw: ServerResponse },
      payload: unknown,
      done: (error: Error | null, payload?: unknown) => void,
    ) => void,
  ): unknown;
}

export interface UnreadAnswers {
  /** Throws `answers_unread` where an answer of so many bytes would pass the budget: before it is made. */
  demandRoom(bytes: number): void;
  /** Counts the answers of all routes that are registered afterwards. */
  bound(app: App): void;
}

export interface UnreadLimits {
  readonly unreadBytes: number;
  /** A connection that has not taken an answer after this is closed: one that trickles would hold its bytes for ever. */
  readonly takeMs: number;
}

const SMALL_BYTES = 16 * 1024;

export function createUnreadAnswers({ unreadBytes, takeMs }: UnreadLimits): UnreadAnswers {
  let unread = 0;

  function demandRoom(bytes: number): void {
    if (bytes > SMALL_BYTES && unread + bytes > unreadBytes)
      throw new TributaryError(
        'answers_unread',
        `${unread} bytes of answers wait to be read by those who asked, and ${bytes} more would pass ${unreadBytes}`,
      );
  }

  return {
    demandRoom,
    bound(app) {
      app.addHook('onSend', (_request, reply, payload, done) => {
        const bytes = bytesOf(payload);
        try {
          demandRoom(bytes);
        } catch (error) {
          done(error as Error);
          return;
        }
        // Who has gone before the answer was made takes none, and its connection closes no second time.
        if (bytes > SMALL_BYTES && !reply.raw.destroyed) {
          unread += bytes;
          const limit = setTimeout(() => reply.raw.destroy(), takeMs).unref();
          // Comes exactly once: when the kernel has the last byte, and when the connection breaks.
          reply.raw.once('close', () => {
            clearTimeout(limit);
            unread -= bytes;
          });
        }
        done(null, payload);
      });
    },
  };
}

/** What stays in memory for it: a body from the pool is longer than its text. Files of /docs are streams, read as they are sent. */
function bytesOf(payload: unknown): number {
  if (Buffer.isBuffer(payload)) return payload.length <= SMALL_BYTES ? payload.length : payload.buffer.byteLength;
  return typeof payload === 'string' ? payload.length : 0;
}
