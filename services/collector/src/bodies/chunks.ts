/**
 * The pieces of a body as they arrive. A piece costs a buffer, a few hundred bytes, whatever it holds: a client that drips
 * single bytes would make the collector hold 250 times what it sent. So small pieces are copied into a tail that doubles.
 */

/** What a piece costs besides its bytes. */
const PIECE_OVERHEAD_BYTES = 256;
/** Pieces below this are copied: what is not costs a quarter more than it holds. */
const SMALL_BYTES = 1024;
const SMALLEST_TAIL_BYTES = 512;
const LARGEST_TAIL_BYTES = 64 * 1024;

export interface Chunks {
  /** Memory of all pieces, with their overhead; at most about three times what was added. */
  readonly heldBytes: number;
  add(piece: Buffer): void;
  clear(): void;
  joined(): Buffer;
}

export function createChunks(): Chunks {
  let pieces: Buffer[] = [];
  let tail = Buffer.alloc(0);
  let tailUsed = 0;
  let wholeBytes = 0;

  function closeTail(): void {
    if (tailUsed > 0) pieces.push(tail.subarray(0, tailUsed));
    wholeBytes += tail.length;
    tail = Buffer.alloc(0);
    tailUsed = 0;
  }

  function append(piece: Buffer): void {
    if (tailUsed + piece.length > LARGEST_TAIL_BYTES) closeTail();
    if (tailUsed + piece.length > tail.length) {
      const grown = Buffer.alloc(Math.max(SMALLEST_TAIL_BYTES, 2 * tail.length, tailUsed + piece.length));
      tail.copy(grown, 0, 0, tailUsed);
      tail = grown;
    }
    tailUsed += piece.copy(tail, tailUsed);
  }

  return {
    get heldBytes() {
      return wholeBytes + tail.length + (pieces.length + 1) * PIECE_OVERHEAD_BYTES;
    },
    add(piece) {
      if (piece.length < SMALL_BYTES) return append(piece);
      closeTail();
      pieces.push(piece);
      wholeBytes += piece.length;
    },
    clear() {
      pieces = [];
      tail = Buffer.alloc(0);
      tailUsed = 0;
      wholeBytes = 0;
    },
    joined() {
      closeTail();
      const [only] = pieces;
      return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
    },
  };
}
