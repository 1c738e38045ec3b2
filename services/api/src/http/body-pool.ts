/** Buffers that answers are written into. */

/** Large bodies used again: a fresh half megabyte costs its page faults (150 µs, as much as filling it) and its collection. */
export interface BodyPool {
  /** At least that number of bytes, of any content. */
  take(bytes: number): Buffer;
  /** The buffer as it was taken, once no answer reads it any more. */
  give(body: Buffer): void;
}

/** Buffers kept while idle, and the largest worth keeping. */
const KEPT = 8;
const LARGEST_BYTES = 4 * 1024 * 1024;
const SMALLEST_BYTES = 64 * 1024;

export function createBodyPool(): BodyPool {
  const idle: Buffer[] = [];
  return {
    take(bytes) {
      if (bytes < SMALLEST_BYTES || bytes > LARGEST_BYTES) return Buffer.allocUnsafe(bytes);
      const at = idle.findIndex((body) => body.length >= bytes);
      if (at >= 0) return idle.splice(at, 1)[0] as Buffer;
      let size = SMALLEST_BYTES;
      while (size < bytes) size *= 2;
      return Buffer.allocUnsafeSlow(size);
    },
    give(body) {
      if (body.length < SMALLEST_BYTES || body.length > LARGEST_BYTES) return;
      if (idle.length >= KEPT) idle.shift();
      idle.push(body);
    },
  };
}
