/** Reads a request's bytes, counted against the gate as they arrive: a slow client holds no more than it has sent. */
import type { IncomingMessage } from 'node:http';
import type { Outcome } from '@tributary/model/json';
import { type Invalid, invalid } from '@tributary/model/validate-event';
import type { Lease } from './gate.ts';

/** What a chunk costs besides its bytes: a client that drips single bytes must not hold more than it is charged for. */
const CHUNK_OVERHEAD_BYTES = 256;

/** How much of a refused body is read and dropped so that the client, still sending, gets to read the answer. */
const DISCARD_BYTES = 8 * 1024 * 1024;

/**
 * Resolves once the body has arrived; rejects only when the connection breaks. A refused body is read on and dropped, to a
 * bound: a client cut off while sending sees a broken connection instead of the answer, and sends again and again.
 */
export function readBody(request: IncomingMessage, limitBytes: number, lease: Lease): Promise<Outcome<Buffer>> {
  const announced = Number(request.headers['content-length'] ?? 0);
  return consume(request, announced > limitBytes ? tooLarge(limitBytes) : undefined, limitBytes, lease);
}

/** Drops the body of a request that is refused whatever it says. */
export async function discardBody(request: IncomingMessage, refusal: Invalid): Promise<void> {
  await consume(request, refusal, 0, NO_LEASE);
}

const NO_LEASE: Lease = { hold: () => true, release: () => {} };

function consume(
  request: IncomingMessage,
  refused: Invalid | undefined,
  limitBytes: number,
  lease: Lease,
): Promise<Outcome<Buffer>> {
  return new Promise((resolve, reject) => {
    let refusal = refused;
    let chunks: Buffer[] = [];
    let length = 0;
    const settle = (act: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      act();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (refusal === undefined) {
        chunks.push(chunk);
        if (length > limitBytes) refusal = tooLarge(limitBytes);
        else if (!lease.hold(length + chunks.length * CHUNK_OVERHEAD_BYTES, 0)) refusal = overloaded();
        if (refusal === undefined) return;
      }
      chunks = [];
      lease.release();
      if (length > DISCARD_BYTES) {
        request.pause();
        onEnd();
      }
    };
    const onEnd = () => settle(() => resolve(refusal ?? { ok: true, value: joined(chunks, length) }));
    const onBroken = () => settle(() => reject(new BrokenRequest('the connection ended before the body')));
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

function joined(chunks: readonly Buffer[], length: number): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length);
}

/** The client went away before its body was complete: nobody is left to answer. */
export class BrokenRequest extends Error {
  override readonly name = 'BrokenRequest';
}

export function overloaded(): Invalid {
  return invalid('overloaded', 'the collector holds as much unwritten work as it may');
}

function tooLarge(limitBytes: number): Invalid {
  return invalid('body_too_large', `the body has more than ${limitBytes} bytes`);
}
