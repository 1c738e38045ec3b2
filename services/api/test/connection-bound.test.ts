/** Clients that send many requests at once and read nothing: others are answered meanwhile. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createWorld, READ, type WorldOptions } from './world.ts';

const MB = 1024 * 1024;

async function listening(limits: NonNullable<WorldOptions['limits']>) {
  const world = await createWorld({ limits });
  const url = new URL(await world.app.listen({ host: '127.0.0.1', port: 0 }));
  const sockets: Socket[] = [];
  return {
    world,
    get: async (path: string) => (await fetch(new URL(path, url), { headers: { authorization: READ } })).status,
    /** Sends the request several times in one packet. */
    send(path: string, times: number): Socket {
      const socket = connect({ host: url.hostname, port: Number(url.port) });
      // What is broken off while it is sent.
      socket.on('error', () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(times));
      sockets.push(socket);
      return socket;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await world.app.close();
    },
  };
}

/** The statuses of what comes until the connection ends, or until there are `most`. */
async function statuses(socket: Socket, most: number): Promise<string[]> {
  let text = '';
  const found = () => [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status as string);
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (found().length >= most) socket.destroy();
  });
  await once(socket, 'close');
  return found();
}

test('law 7: clients without a key that read nothing keep no reader and no probe from an answer', async () => {
  const api = await listening({ maxInFlight: 20 });
  Object.assign(api.world.deps.metrics, { metrics: async () => 'x'.repeat(4 * MB) });
  try {
    for (let i = 0; i < 6; i++) {
      const socket = api.send('/metrics', 8);
      await once(socket, 'data');
      socket.pause();
    }
    for (const path of ['/livez', '/v1/models']) expect(await api.get(path)).toBe(200);
  } finally {
    await api.close();
  }
});

test.each(['/livez', '/v1/models', '/nowhere', '/%'])(
  'law 7: eight requests for %s may be under way on a connection, one more breaks it off',
  async (path) => {
    const api = await listening({});
    try {
      expect(await statuses(api.send(path, 8), 8)).toHaveLength(8);
      const broken = api.send(path, 1_000);
      expect((await statuses(broken, 1_000)).length).toBeLessThanOrEqual(8);
      expect(await api.get('/livez')).toBe(200);
    } finally {
      await api.close();
    }
  },
);

test('law 7: an answer that needed no key and is not taken in time is broken off, whatever its size', async () => {
  const api = await listening({ takeSmallMs: 100 });
  Object.assign(api.world.deps.metrics, { metrics: async () => 'x'.repeat(20 * MB) });
  try {
    const socket = api.send('/metrics', 1);
    await once(socket, 'data');
    socket.pause();
    await expect.poll(() => new Promise((resolve) => api.world.app.server.getConnections((_, open) => resolve(open)))).toBe(0);
  } finally {
    await api.close();
  }
});

test('law 7: connections are bounded, those beyond are closed at once, and a header has ten seconds', async () => {
  const api = await listening({ maxConnections: 3 });
  try {
    const first = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = api.send('/livez', 1);
        await once(socket, 'data');
        return socket;
      }),
    );
    const beyond = api.send('/livez', 1);
    beyond.resume();
    await once(beyond, 'close');
    expect(first.map(({ closed }) => closed)).toEqual([false, false, false]);
    first[0]?.destroy();
    await expect.poll(() => api.get('/livez').catch(() => 0)).toBe(200);
    expect(api.world.app.server.headersTimeout, 'ms').toBe(10_000);
  } finally {
    await api.close();
  }
});
