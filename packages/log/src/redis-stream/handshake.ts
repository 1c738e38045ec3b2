/**
 * Ends a handshake that gets no answer. ioredis limits how long connecting takes, but a peer that accepts and then falls
 * silent keeps a connection without `commandTimeout` in status "connect" for ever; so would each blocking one.
 */
import type { Redis } from 'ioredis';

/** From the TCP connection to "ready", ms. A Redis that loads its file may take longer: it is simply asked again. */
const HANDSHAKE_MS = 3_000;

/** Watches every handshake from now on; returns what ends the watch. */
export function watchHandshakes(redis: Redis): () => void {
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(() => redis.disconnect(true), HANDSHAKE_MS);
  };
  const stop = () => clearTimeout(timer);
  if (redis.status === 'connect') start();
  redis.on('connect', start).on('ready', stop).on('close', stop);
  return () => {
    stop();
    redis.off('connect', start).off('ready', stop).off('close', stop);
  };
}
