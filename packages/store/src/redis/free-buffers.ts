/**
 * Buffers that commits are done with, for those to come; at most 8 MiB wait. V8 collects the whole heap after each 64 MB of buffers beside it, and most of
 * these were of commits, which grew from 4 KB to twice what they sent.
 */
const FIRST_BYTES = 4_096;
/** Large commits of several partitions. */
const MOST_FREE_BYTES = 8 * 1_024 * 1_024;
const free: Buffer[] = [];
let freeBytes = 0;
/** Those that are in use: a buffer of others, or one that was given back already, is not taken. */
const lent = new WeakSet<ArrayBufferLike>();

/** The one that was given back last, or a new one where that is smaller. */
export function takeFree(least = FIRST_BYTES): Buffer {
  const last = free.pop();
  freeBytes -= last?.length ?? 0;
  // Never a part of the engine's own pool.
  const data = last !== undefined && last.length >= least ? last : Buffer.allocUnsafeSlow(sizeFor(least));
  lent.add(data.buffer);
  return data;
}

/** Room for what is somewhat larger, too: the next one may be. */
function sizeFor(least: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(least, FIRST_BYTES)));
}

/** Lets others have a buffer of `takeFree`, or a part of it that was written: it is not read again. */
export function giveBack(written: Buffer): void {
  if (!lent.delete(written.buffer)) return;
  const data = Buffer.from(written.buffer);
  if (freeBytes + data.length > MOST_FREE_BYTES) return;
  freeBytes += data.length;
  free.push(data);
}

/** How many bytes wait to be written over. */
export function bytesFree(): number {
  return freeBytes;
}
