/**
 * Commands of one turn of the event loop go out in one packet: each packet alone is a call of the kernel here and wakes Redis there. The
 * library's automatic pipelines would do that too, for a sixth of what a short read costs, and one pipeline after the other.
 */
import type { Redis } from 'ioredis';

type Stream = Redis['stream'];

const held = new WeakSet<Stream>();

/** What is sent on this connection from here to the end of the turn goes out together. A cluster's connection is left as it is. */
export function sendTogether({ isCluster, stream }: Pick<Redis, 'isCluster' | 'stream'>): void {
  // Undefined before the first connection: the command fails by itself.
  if (isCluster || stream === undefined || held.has(stream)) return;
  held.add(stream);
  stream.cork();
  setImmediate(() => {
    held.delete(stream);
    stream.uncork();
  });
}
