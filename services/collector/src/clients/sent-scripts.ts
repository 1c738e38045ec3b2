/**
 * Scripts that the kernel has taken, and clients may not have: a hundred bytes ask for a hundred kilobytes, which wait in the kernel while they
 * are not read. Nothing says when they were. So what a connection was given counts until it closes; beyond the budget the connections are
 * reset that were given theirs the longest ago, and a connection is also reset that asks for nothing further for a while.
 */
import type { Socket } from 'node:net';

export interface SentLimits {
  readonly maxBytes: number;
  readonly idleMs: number;
}

/** Below this an answer costs little more than the request for it. */
const LARGE_BYTES = 16 * 1024;

export interface SentScripts {
  /** Before an answer is sent. */
  sent(socket: Socket, bytes: number): void;
  /** When another request arrives on the connection: its client is there. */
  asked(socket: Socket): void;
}

interface Given {
  bytes: number;
  idle: NodeJS.Timeout;
}

export function createSentScripts({ maxBytes, idleMs }: SentLimits): SentScripts {
  let total = 0;
  /** The longest ago first. */
  const given = new Map<Socket, Given>();

  function forget(socket: Socket): void {
    const known = given.get(socket);
    if (known === undefined) return;
    clearTimeout(known.idle);
    total -= known.bytes;
    given.delete(socket);
  }

  // A closed socket would leave in the kernel what was not read: a reset drops it.
  const reset = (socket: Socket) => {
    forget(socket);
    socket.resetAndDestroy();
  };

  return {
    sent(socket, bytes) {
      if (bytes < LARGE_BYTES || socket.destroyed) return;
      const before = given.get(socket);
      if (before === undefined) socket.once('close', () => forget(socket));
      else clearTimeout(before.idle);
      given.delete(socket);
      given.set(socket, { bytes: (before?.bytes ?? 0) + bytes, idle: setTimeout(() => reset(socket), idleMs).unref() });
      total += bytes;
      for (const [oldest] of given) {
        if (total <= maxBytes) break;
        reset(oldest);
      }
    },
    asked(socket) {
      clearTimeout(given.get(socket)?.idle);
    },
  };
}
