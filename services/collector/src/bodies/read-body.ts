/** Reads a request's bytes, counted against the gate as they arrive: a slow client holds no more than it has sent. */
import type { IncomingMessage } from 'node:http';
import type { Outcome } from '@tributary/model/reading/json';
import { type Invalid, invalid } from '@tributary/model/refusal';
import { createChunks } from './chunks.ts';
import type { Lease } from './gate.ts';
import type { WaitingBody } from './waiting-bodies.ts';

/** How much of a refused body is read and dropped so that the client, still sending, gets to read the answer. */
const DISCARD_BYTES = 8 * 1024 * 1024;

export interface BodyBounds {
  readonly bytes: number;
  /** From now until the body must be whole, or, of a refused one, is no longer read. */
  readonly timeMs: number;
  /** A body that goes on arriving at this rate may take longer. */
  readonly bytesPerS?: number;
}

/** Between two looks at a slow body, at least. */
const LOOK_MS = 250;

/**
 * Resolves once the body has arrived; rejects only when the connection breaks. A refused body is read on and dropped, to a
 * bound: a client cut off while sending sees a broken connection instead of the answer, and sends again and again.
 */
export function readBody(request: IncomingMessage, bounds: BodyBounds, lease: Lease | WaitingBody): Promise<Outcome<Buffer>> {
  const announced = Number(request.headers['content-length'] ?? 0);
  return consume(request, announced > bounds.bytes ? tooLarge(bounds.bytes) : undefined, bounds, lease);
}

/** Drops the body of a request that is refused whatever it says. */
export async function discardBody(request: IncomingMessage, refusal: Invalid, timeMs: number): Promise<void> {
  await consume(request, refusal, { bytes: 0, timeMs }, NO_LEASE);
}

const NO_LEASE: Lease = { hold: () => true, giveTo: () => {}, release: () => {} };

function consume(
  request: IncomingMessage,
  refused: Invalid | undefined,
  bounds: BodyBounds,
  lease: Lease | WaitingBody,
): Promise<Outcome<Buffer>> {
  return new Promise((resolve, reject) => {
    let refusal = refused;
    const chunks = createChunks();
    let length = 0;
    const settle = (act: () => void) => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      act();
    };
    const drop = () => {
      chunks.clear();
      lease.release();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (refusal === undefined) {
        if (length > bounds.bytes) refusal = tooLarge(bounds.bytes);
        else {
          chunks.add(chunk);
          if (!lease.hold(chunks.heldBytes, 0)) refusal = overloaded();
        }
        if (refusal === undefined) return;
      }
      drop();
      if (length > DISCARD_BYTES) giveUp();
    };
    const giveUp = () => {
      request.pause();
      onEnd();
    };
    const onEnd = () => settle(() => resolve(refusal ?? { ok: true, value: chunks.joined() }));
    const onBroken = () => settle(() => reject(new BrokenRequest('the connection ended before the body')));
    const beganMs = performance.now();
    const onTime = () => {
      const leftMs = timeOf(length, bounds) - (performance.now() - beganMs);
      if (leftMs > 0) {
        timer = setTimeout(onTime, Math.max(LOOK_MS, leftMs));
        return;
      }
      refusal ??= tooSlow(length, bounds);
      giveUp();
    };
    let timer = setTimeout(onTime, bounds.timeMs);
    if ('whenDropped' in lease)
      lease.whenDropped(() => {
        refusal ??= overloaded();
        drop();
      });
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/** How long a body of which so much has arrived may take, ms. */
function timeOf(bytes: number, { timeMs, bytesPerS }: BodyBounds): number {
  return timeMs + (bytesPerS === undefined ? 0 : (bytes / bytesPerS) * 1000);
}

function tooSlow(bytes: number, { timeMs, bytesPerS }: BodyBounds): Invalid {
  const rate = bytesPerS === undefined ? '' : ` and ${bytesPerS} bytes a second after these`;
  return invalid('body_too_slow', { field: 'the body', must: `arrive within ${timeMs} ms${rate}`, got: `${bytes} bytes of it` });
}

/** The client went away before its body was complete: an answer would have no reader. */
export class BrokenRequest extends Error {
  override readonly name = 'BrokenRequest';
}

export function overloaded(): Invalid {
  return invalid('overloaded', {
    field: 'a request',
    must: 'wait while the collector holds as much unwritten work as it may',
    got: 'one more',
  });
}

function tooLarge(limitBytes: number): Invalid {
  return invalid('body_too_large', { field: 'the body', must: `have at most ${limitBytes} bytes`, got: 'more' });
}
