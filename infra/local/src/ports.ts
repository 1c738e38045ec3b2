/** Ports of one platform: a block of consecutive ports from a base, so that one number moves them all. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';

/** Distance from the base port. The last three serve health and metrics only. */
export const PORT_OFFSETS = { collector: 0, api: 1, redis: 2, speed: 3, archiver: 4, recompute: 5 } as const;
export type PortName = keyof typeof PORT_OFFSETS;
export type Ports = Readonly<Record<PortName, number>>;

const BLOCK = Object.keys(PORT_OFFSETS).length;
export const MAX_BASE_PORT = 65_535 - BLOCK + 1;

export function portsFrom(base: number): Ports {
  const ports = Object.entries(PORT_OFFSETS).map(([name, offset]) => [name, base + offset]);
  return Object.fromEntries(ports) as Ports;
}

/** Throws `port_taken` that names the port and whose it would be. Waits up to `graceMs` for ports about to become free. */
export async function assertFree(host: string, ports: Ports, graceMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 200) {
    const taken = await firstTaken(host, ports);
    if (taken === undefined) return;
    const { name, code } = taken;
    const what = `port ${ports[name]} (${name}) on ${host}`;
    if (code === 'EACCES')
      throw new TributaryError(
        'invalid_config',
        `${what} must be one that this user may open (got EACCES). Choose one above 1023 with --port.`,
      );
    if (waitedMs >= graceMs) throw new TributaryError('port_taken', `${what} is taken by another program`);
    await sleep(200);
  }
}

/** A base port whose whole block is free right now. `random` in [0, 1): several platforms started at once should not meet. */
export async function freeBasePort(host: string, random: () => number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    // Below the ephemeral range of Linux (from 32768): an outgoing connection cannot take the port meanwhile.
    const base = 10_000 + Math.floor(random() * 2_000) * 10;
    if ((await firstTaken(host, portsFrom(base))) === undefined) return base;
  }
  throw new TributaryError('port_taken', 'found no block of free ports between 10000 and 30000');
}

async function firstTaken(host: string, ports: Ports): Promise<{ readonly name: PortName; readonly code: string } | undefined> {
  for (const name of Object.keys(ports) as PortName[]) {
    const code = await takenBy(host, ports[name]);
    if (code !== undefined) return { name, code };
  }
  return undefined;
}

/** The code of the error; undefined when the port is free. */
async function takenBy(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return code;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return undefined;
}
