/**
 * What clients asked for and do not read lies in this process: the kernel takes a few megabytes of it, the rest waits. Its bytes are
 * counted from the moment an answer is made until its connection has taken or lost it, and beyond a budget, which those who ask
 * share, no more are made. Small answers go out in any case, and are not waited for as long: a client that reads nothing must not keep
 * others from short questions.
 */
import type { ServerResponse } from 'node:http';
import { TributaryError } from '@tributary/model/errors';
import { createFairShare } from './fair-share.ts';
import { whenClosed } from './when-closed.ts';

/** What of a Fastify instance is used: this package does not depend on it. */
interface App<Request> {
  addHook(
    name: 'onSend',
    hook: (
      request: Request,
      reply: { readonly raw: ServerResponse },
      payload: unknown,
      done: (error: Error | null, payload?: unknown) => void,
    ) => void,
  ): unknown;
}

export interface UnreadAnswers {
  /** Throws `answers_unread` where an answer of that size would pass the share of who asks: before it is made. */
  demandRoom(bytes: number, owner?: string): void;
  /** Counts the answers of all routes that are registered afterwards. `ownerOf`: whose share; null: taken for small, whatever its size. */
  bound<Request>(app: App<Request>, ownerOf?: (request: Request) => string | null): void;
}

export interface UnreadLimits {
  readonly unreadBytes: number;
  /** A connection that has not taken an answer after this is closed: one that trickles would hold its bytes for ever. */
  readonly takeMs: number;
  /** The same for one that is small: thousands of them fill what may be in flight. */
  readonly takeSmallMs?: number;
}

const SMALL_BYTES = 16 * 1024;
const TAKE_SMALL_MS = 10_000;
/** The owner where the caller names none. */
const EVERYBODY = '';

export function createUnreadAnswers({ unreadBytes, takeMs, takeSmallMs = TAKE_SMALL_MS }: UnreadLimits): UnreadAnswers {
  const unread = createFairShare(unreadBytes);

  function demandRoom(bytes: number, owner = EVERYBODY): void {
    if (bytes > SMALL_BYTES && !unread.fits(owner, bytes))
      throw new TributaryError(
        'answers_unread',
        `${unread.heldBy(owner)} bytes of answers wait to be read by who asks, ${unread.held} by all, and ${bytes} more would pass the fair share of ${unreadBytes}`,
      );
  }

  return {
    demandRoom,
    bound(app, ownerOf = () => EVERYBODY) {
      app.addHook('onSend', (request, reply, payload, done) => {
        const share = ownerOf(request);
        const owner = share ?? EVERYBODY;
        const bytes = share === null ? 0 : bytesOf(payload);
        const isSmall = bytes <= SMALL_BYTES;
        try {
          demandRoom(bytes, owner);
        } catch (error) {
          done(error as Error);
          return;
        }
        // Who has gone before the answer was made takes none, and its connection closes no second time.
        if (reply.raw.destroyed) {
          done(null, payload);
          return;
        }
        const counted = isSmall ? 0 : bytes;
        unread.take(owner, counted);
        const limit = setTimeout(giveUp, isStream(payload) ? (payload.takeMs ?? takeMs) : isSmall ? takeSmallMs : takeMs).unref();
        whenClosed(reply.raw, () => {
          clearTimeout(limit);
          unread.give(owner, counted);
        });
        done(null, payload);

        /** An answer behind others has no socket yet: its time begins when they are taken. */
        function giveUp(): void {
          if (reply.raw.socket === null) limit.refresh();
          else reply.raw.destroy();
        }
      });
    },
  };
}

/** Files of /docs, and exports, read as they are sent. One that ends by itself says when: `takeMs`. */
function isStream(payload: unknown): payload is { readonly takeMs?: number } {
  return typeof payload === 'object' && payload !== null && 'pipe' in payload;
}

/** What stays in memory for it: a body from the pool is longer than its text. */
function bytesOf(payload: unknown): number {
  if (Buffer.isBuffer(payload)) return payload.length <= SMALL_BYTES ? payload.length : payload.buffer.byteLength;
  return typeof payload === 'string' ? payload.length : 0;
}
