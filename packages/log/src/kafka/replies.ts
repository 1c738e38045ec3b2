/** What a reply may cost, whatever its sender writes into it: the library bounds neither its bytes nor the way through it. */
import type { Socket } from 'node:net';
import { Reader } from '@platformatic/kafka';

/** The bytes of one reply, at most. A fetch asks for 8 MiB, but gets a whole batch, which brokers bound to 100 MiB (`socket.request.max.bytes`). */
export const MAX_REPLY_BYTES = 128 * 1024 * 1024;
/** The bytes of the correlation id, which every reply has. */
const MIN_REPLY_BYTES = 4;
const SIZE_BYTES = 4;

/**
 * Stands between a socket and the library: ends a connection whose next reply would be larger than the bound, before its bytes
 * are kept, and one whose reply the library throws at, which would end the process. `end` gets the reason.
 */
export function boundReplies(socket: Socket, end: (why: Error) => void): void {
  // Beside them ours could not keep back the chunk that it refuses.
  const takers = socket.listeners('data');
  socket.removeAllListeners('data');
  const refusalOf = sizeCheck();
  socket.on('data', (chunk: Buffer) => {
    try {
      const refusal = refusalOf(chunk);
      if (refusal !== null) throw refusal;
      for (const take of takers) take(chunk);
    } catch (error) {
      end(error as Error);
    }
  });
}

/** Follows the replies through the chunks, and says why the next one is not taken. */
function sizeCheck(): (chunk: Buffer) => Error | null {
  let size = 0;
  let sizeBytes = 0;
  /** Bytes of the current reply that are still to come. */
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at);
        left -= step;
        at += step;
        continue;
      }
      size = size * 256 + (chunk[at++] as number);
      if (++sizeBytes < SIZE_BYTES) continue;
      if (size < MIN_REPLY_BYTES || size > MAX_REPLY_BYTES) {
        const what = isTls(size) ? 'it speaks TLS, which was not asked for' : 'is it a Kafka broker?';
        return new Error(`a reply of ${size} bytes, at most ${MAX_REPLY_BYTES} are taken; ${what}`);
      }
      left = size;
      size = 0;
      sizeBytes = 0;
    }
    return null;
  };
}

/** A record of TLS in the place of a size: its type, its version. */
function isTls(size: number): boolean {
  const [type, version] = [size >>> 24, (size >>> 16) & 0xff];
  return type >= 0x14 && type <= 0x17 && version === 3;
}

/** Goes forward only: the library takes a length of 2^31 for a negative one, steps back and reads the same bytes again, for ever. */
export class ForwardReader extends Reader {
  override readUnsignedVarInt(): number {
    const value = super.readUnsignedVarInt();
    if (value < 0 || value > this.length) throw new RangeError(`a length of ${value} in a reply of ${this.length} bytes`);
    return value;
  }
}
