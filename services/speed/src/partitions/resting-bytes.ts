/**
 * Bytes of many users, each at a place of its own in blocks that they share: the garbage collector sees the blocks alone. What is written goes behind
 * all else; where most of what is reserved is not in use any more, what is left in the emptiest blocks moves.
 */
export interface RestingBytes {
  /** A copy of the bytes, of that user. Its place, until it is left or moves. */
  hold(slot: number, bytes: Uint8Array): number;
  /** The bytes themselves. */
  at(place: number): Uint8Array;
  leave(place: number): void;
  /** Moves what lies among what was left, some of it at a time, where that is as much as what is in use. */
  tidy(moved: (slot: number, place: number) => void): void;
  /** Bytes that are reserved. */
  reserved(): number;
}

/** More than the bytes of one user. */
const BLOCK = 64 * 1024;
/** The user, and how many bytes follow. */
const HEAD = 8;
/** In place of a user who has left. */
const LEFT = -1;
/** Blocks that are emptied at a time. */
const MOST_EMPTIED = 4;

interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used: number;
  inUse: number;
}

export function createRestingBytes(): RestingBytes {
  const blocks: (Block | undefined)[] = [];
  const free: number[] = [];
  let count = 0;
  let inUse = 0;
  /** The block that is written. */
  let current = -1;

  function blockFor(length: number): Block {
    const block = blocks[current];
    if (block !== undefined && block.used + length <= BLOCK) return block;
    const full = current;
    current = free.pop() ?? blocks.length;
    const bytes = new Uint8Array(BLOCK);
    const added: Block = { bytes, view: new DataView(bytes.buffer), used: 0, inUse: 0 };
    blocks[current] = added;
    count++;
    if (blocks[full]?.inUse === 0) letGo(full);
    return added;
  }

  function letGo(number: number): void {
    blocks[number] = undefined;
    free.push(number);
    count--;
  }

  function hold(slot: number, bytes: Uint8Array): number {
    const length = HEAD + bytes.length;
    const block = blockFor(length);
    const at = block.used;
    block.view.setInt32(at, slot);
    block.view.setInt32(at + 4, bytes.length);
    block.bytes.set(bytes, at + HEAD);
    block.used += length;
    block.inUse += length;
    inUse += length;
    return current * BLOCK + at;
  }

  function leave(place: number): void {
    const number = Math.floor(place / BLOCK);
    const block = blocks[number] as Block;
    const at = place % BLOCK;
    const length = HEAD + block.view.getInt32(at + 4);
    block.view.setInt32(at, LEFT);
    block.inUse -= length;
    inUse -= length;
    if (block.inUse === 0 && number !== current) letGo(number);
  }

  /** The block that has least in use, but for the one that is written. */
  function emptiest(): number {
    let found = -1;
    for (const [number, block] of blocks.entries())
      if (block !== undefined && number !== current && block.inUse < (blocks[found]?.inUse ?? BLOCK)) found = number;
    return found;
  }

  return {
    hold,
    leave,
    at(place) {
      const { bytes, view } = blocks[Math.floor(place / BLOCK)] as Block;
      const at = place % BLOCK;
      return bytes.subarray(at + HEAD, at + HEAD + view.getInt32(at + 4));
    },
    tidy(moved) {
      for (let emptied = 0; emptied < MOST_EMPTIED && count * BLOCK > 2 * (inUse + BLOCK); emptied++) {
        const number = emptiest();
        const block = blocks[number];
        if (block === undefined) return;
        for (let at = 0; at < block.used; ) {
          const [slot, length] = [block.view.getInt32(at), block.view.getInt32(at + 4)];
          const place = number * BLOCK + at;
          at += HEAD + length;
          if (slot === LEFT) continue;
          moved(slot, hold(slot, block.bytes.subarray(at - length, at)));
          leave(place);
        }
      }
    },
    reserved: () => count * BLOCK,
  };
}
