/** Loopback ports of test servers. A port is of the process that asked for it, while its server is killed and started again too. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const FIRST_PORT = 30_000;
/** Below the ephemeral range of Linux (from 32768): no outgoing connection can take a port while its server restarts. */
const PORTS = 2_768;
/** Who listens here, this much below a port, holds that port: the system frees it with the process, however that ends. */
const SIGN_BELOW = 3_000;
/** Test files run side by side, each in a process of its own: each looks through the ports from another one on. */
let next = (process.pid * 97) % PORTS;

const signs = new Map<number, Server>();

/** A port on which nothing listens, and which is given to no other process until this one ends or releases it. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORTS; attempt++) {
    const port = FIRST_PORT + next;
    next = (next + 1) % PORTS;
    if (await take(port)) return port;
  }
  throw new Error(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} is free`);
}

/** Whether the port was free and is of this process now. */
export async function take(port: number): Promise<boolean> {
  const sign = await listen(port - SIGN_BELOW);
  if (sign === null) return false;
  const server = await listen(port);
  await closed(server ?? sign);
  if (server === null) return false;
  signs.set(port, sign.unref());
  return true;
}

export function releasePort(port: number): void {
  signs.get(port)?.close();
  signs.delete(port);
}

async function listen(port: number): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host: '127.0.0.1', port, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return null;
  }
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
