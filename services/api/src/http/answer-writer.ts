/** The bytes of an answer, written one after the other: texts that are the same for each user are encoded once. */
import { TributaryError } from '@tributary/model/errors';
import type { BodyPool } from './body-pool.ts';

const LIKELY_BYTES = 16 * 1024;
const MOST_FIRST_BYTES = 2 * 1024 * 1024;
/** UTF-8 has at most three bytes for a UTF-16 unit. */
const MOST_BYTES_OF_UNIT = 3;

export interface AnswerWriter {
  /** Written as they are. */
  bytes(of: Uint8Array): void;
  text(text: string): void;
  /** The bytes of another one from `from` to before `to`. */
  part(of: Buffer, from: number, to: number): void;
  /** Bytes that were written so far. */
  length(): number;
  /** A copy of what was written since that length. */
  since(length: number): Buffer;
  /** All that was written so far. */
  written(): Buffer;
  /** The same behind `head`, which has at most `HEAD_BYTES`, without a copy. */
  writtenBehind(head: string): Buffer;
  /** Gives the room to others: what was written changes afterwards, and no more may be written. */
  release(): void;
}

/** There is room for as much before what is written. */
const HEAD_BYTES = 64;
const NONE = Buffer.alloc(0);

/** Throws `too_much_asked` where an answer has more. */
export function demandAtMost(mostBytes: number, bytes: number): void {
  if (bytes > mostBytes) throw new TributaryError('too_much_asked', `the answer must have at most ${mostBytes} bytes (got more)`);
}

const NO_POOL: BodyPool = { take: (bytes) => Buffer.allocUnsafe(bytes), give: () => {} };

/**
 * `mostBytes`: throws `too_much_asked` beyond. `likelyBytes`: there is room for as many at once, up to a bound; for more it grows. `pool`: where the room comes
 * from.
 */
export function createAnswerWriter(mostBytes: number, likelyBytes = LIKELY_BYTES, pool = NO_POOL): AnswerWriter {
  let buffer: Buffer = NONE;
  let at = HEAD_BYTES;
  const demandRoom = (bytes: number) => {
    if (at + bytes <= buffer.length) return;
    // Not before something is written: who waits for records, or is refused, needs none.
    const least = buffer.length === 0 ? HEAD_BYTES + Math.min(likelyBytes, MOST_FIRST_BYTES) : 2 * buffer.length;
    demandAtMost(mostBytes, at - HEAD_BYTES);
    const larger = pool.take(Math.max(least, at + bytes));
    buffer.copy(larger, 0, 0, at);
    pool.give(buffer);
    buffer = larger;
  };
  return {
    bytes(of) {
      demandRoom(of.length);
      buffer.set(of, at);
      at += of.length;
    },
    text(text) {
      demandRoom(MOST_BYTES_OF_UNIT * text.length);
      at += buffer.write(text, at, 'utf8');
    },
    part(of, from, to) {
      demandRoom(to - from);
      at += of.copy(buffer, at, from, to);
    },
    length: () => at - HEAD_BYTES,
    since(from) {
      const own = Buffer.allocUnsafeSlow(at - HEAD_BYTES - from);
      buffer.copy(own, 0, HEAD_BYTES + from, at);
      return own;
    },
    written() {
      demandAtMost(mostBytes, at - HEAD_BYTES);
      return buffer.subarray(HEAD_BYTES, at);
    },
    writtenBehind(head) {
      demandAtMost(mostBytes, at - HEAD_BYTES);
      demandRoom(0);
      const from = HEAD_BYTES - Buffer.byteLength(head);
      if (from < 0) throw new RangeError(`head must have at most ${HEAD_BYTES} bytes (got ${HEAD_BYTES - from})`);
      buffer.write(head, from);
      return buffer.subarray(from, at);
    },
    release() {
      pool.give(buffer);
      buffer = NONE;
      at = HEAD_BYTES;
    },
  };
}
