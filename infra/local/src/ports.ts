/** Whether the ports of one platform are free. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { PORTS_OF_A_PLATFORM, type PortName, type Ports, portsFrom } from '@tributary/runtime/process/local-ports';

export const MAX_BASE_PORT = 65_535 - PORTS_OF_A_PLATFORM + 1;

/** Throws `invalid_config` that names the ports and whose they would be. Waits up to `graceMs` for ports about to become free. */
export async function assertFree(host: string, ports: Ports, graceMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 200) {
    const refused = await refusedOf(host, ports);
    const closed = refused.filter(({ code }) => code === 'EACCES');
    if (closed.length > 0) {
      const numbers = closed.map(({ port }) => port);
      const which = numbers.length === 1 ? `port ${numbers[0]} needs root` : `ports ${numbers[0]} to ${numbers.at(-1)} need root`;
      throw wrong(
        `--port must be the first of ${PORTS_OF_A_PLATFORM} ports in a row that this user may open (got ${ports.collector}: ${which}). Choose one above 1023.`,
      );
    }
    if (refused.length === 0) return;
    if (waitedMs >= graceMs)
      throw wrong(
        `--port must be the first of ${PORTS_OF_A_PLATFORM} free ports in a row (got ${ports.collector}: another program uses ${listed(refused)}). Stop it, or choose another port.`,
      );
    await sleep(200);
  }
}

/** Above 10080, the last port that `fetch` refuses to ask, as browsers do. */
const FIRST_BASE = 10_100;
const LAST_BASE = 30_000;

/** A base port whose whole block is free right now. `random` in [0, 1): several platforms started at once should not meet. */
export async function freeBasePort(host: string, random: () => number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    // Below the ephemeral range of Linux (from 32768): an outgoing connection cannot take the port meanwhile.
    const base = FIRST_BASE + Math.floor(random() * ((LAST_BASE - FIRST_BASE) / 10)) * 10;
    if ((await refusedOf(host, portsFrom(base))).length === 0) return base;
  }
  throw new TributaryError('port_taken', `found no block of free ports between ${FIRST_BASE} and ${LAST_BASE}`);
}

interface Refused {
  readonly name: PortName;
  readonly port: number;
  readonly code: string;
}

async function refusedOf(host: string, ports: Ports): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const [name, port] of Object.entries(ports) as [PortName, number][]) {
    const code = await refusal(host, port);
    if (code !== undefined) refused.push({ name, port, code });
  }
  return refused;
}

const SERVED_BY: Readonly<Record<PortName, string>> = {
  collector: 'the collector',
  api: 'the API',
  redis: 'Redis',
  speed: 'the speed worker',
  archiver: 'the archiver',
  recompute: 'recompute',
};

function listed(refused: readonly Refused[]): string {
  return refused.map(({ name, port }) => `port ${port}, which is for ${SERVED_BY[name]}`).join('; ');
}

function wrong(message: string): TributaryError {
  return new TributaryError('invalid_config', message);
}

/** The code of the error; undefined when the port is free. */
async function refusal(host: string, port: number): Promise<string | undefined> {
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
