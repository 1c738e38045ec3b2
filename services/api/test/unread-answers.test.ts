/** Answers that no client reads: what they may hold, and that others are served meanwhile. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ADMIN, createWorld, event, READ } from './world.ts';

const MB = 1024 * 1024;
const USERS = Array.from({ length: 20 }, (_, i) => `user-${i}`);

/** An API whose answer about all users has some 12 MB: more than the kernel takes of what is not read. */
async function listening(limits: Parameters<typeof createWorld>[0] & object) {
  const world = await createWorld(limits);
  for (const userId of USERS)
    for (let i = 0; i < 20; i++)
      await world.ingest(event({ type: 'visit', userId, properties: { text: userId.padEnd(30_000, '.') } }));
  await world.tick();
  const url = new URL(await world.app.listen({ host: '127.0.0.1', port: 0 }));
  const sockets: Socket[] = [];
  const body = JSON.stringify({ users: USERS, limit: 20 });
  const request = `POST /v1/signals/query HTTP/1.1\r\nHost: x\r\nAuthorization: ${READ}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  return {
    world,
    url,
    /** Asks, reads the first bytes, and no more: the status. */
    async askAndStopReading(): Promise<{ readonly socket: Socket; readonly head: string }> {
      const socket = connect({ host: url.hostname, port: Number(url.port) });
      sockets.push(socket);
      socket.write(request);
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      socket.pause();
      return { socket, head: chunk.toString('latin1') };
    },
    /** Asks, and is left to be destroyed. */
    askAndLeave(): Socket {
      const socket = connect({ host: url.hostname, port: Number(url.port) });
      socket.write(request);
      return socket;
    },
    async query(authorization = READ): Promise<Response> {
      const headers = { authorization, 'content-type': 'application/json' };
      return fetch(new URL('/v1/signals/query', url), { method: 'POST', headers, body });
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await world.app.close();
    },
  };
}

/** A second, which is what `poll` waits, may be one answer on a busy machine. */
const PATIENT = { timeout: 60_000 };

test('law 7: unread answers are bounded, a key alone has half: 503 with Retry-After, others and small ones go on, and what is lost makes room', async () => {
  const api = await listening({ limits: { unreadBytes: 100 * MB } });
  try {
    const stuck: Socket[] = [];
    const heads: string[] = [];
    for (let asked = 0; asked < 8; asked++) {
      const { socket, head } = await api.askAndStopReading();
      heads.push(head.slice(0, 12));
      if (head.startsWith('HTTP/1.1 200')) stuck.push(socket);
      else expect(head).toMatch(/503 [\s\S]*retry-after: 2[\s\S]*"code":"answers_unread"/);
    }
    expect(stuck).toHaveLength(4);
    expect(heads.slice(stuck.length).every((head) => head.endsWith('503'))).toBe(true);
    const refused = await api.query();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    expect(((await refused.json()) as { detail: string }).detail).toMatch(
      /^\d{8} bytes of answers wait .* would pass the fair share of 104857600$/,
    );
    expect((await api.query(ADMIN)).status).toBe(200);
    const headers = { authorization: READ };
    expect((await fetch(new URL('/v1/users/user-1/signals?limit=1&names=page', api.url), { headers })).status).toBe(200);
    for (const socket of stuck) socket.destroy();
    await expect.poll(async () => (await api.query()).status, PATIENT).toBe(200);
  } finally {
    await api.close();
  }
});

test('answers that are read leave nothing behind, however many', async () => {
  const api = await listening({ limits: { unreadBytes: 50 * MB } });
  try {
    for (let asked = 0; asked < 12; asked++)
      expect(((await (await api.query()).json()) as { results: unknown[] }).results).toHaveLength(USERS.length);
  } finally {
    await api.close();
  }
});

test('an answer that is not taken in time is broken off, and its room is free', async () => {
  const api = await listening({ limits: { unreadBytes: 20 * MB, takeMs: 100 } });
  try {
    const { socket, head } = await api.askAndStopReading();
    expect(head).toMatch(/^HTTP\/1.1 200/);
    await expect.poll(async () => (await api.query()).status, PATIENT).toBe(200);
    socket.resume();
    await once(socket, 'close');
  } finally {
    await api.close();
  }
});

test('readiness and metrics, which need no key, are made once for all who ask within a second', async () => {
  const world = await createWorld({ limits: { openAnswersMs: 60_000 } });
  await world.tick();
  let made = 0;
  let asked = 0;
  const { pointer } = world.deps.store;
  Object.assign(world.deps.metrics, { metrics: async () => `made ${++made}\n` });
  Object.assign(world.deps.store, { pointer: () => pointer().finally(() => asked++) });
  for (let i = 0; i < 20; i++) {
    expect((await world.get('/metrics', null)).text).toBe('made 1\n');
    expect((await world.get('/readyz', null)).body).toMatchObject({ ok: true });
  }
  expect(made).toBe(1);
  expect(asked).toBeLessThan(3);
});

test('law 7: who leaves before the answer is made holds nothing of what clients do not read', async () => {
  let [reached, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  left.resolve();
  const api = await listening({
    limits: { unreadBytes: 20 * MB },
    turn: async () => {
      reached.resolve();
      await left.promise;
    },
  });
  const { server } = api.world.app;
  const connections = promisify(server.getConnections.bind(server));
  try {
    for (let asked = 0; asked < 3; asked++) {
      [reached, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const before = await connections();
      const socket = api.askAndLeave();
      await reached.promise;
      const gone = once(socket, 'close');
      socket.destroy();
      await gone;
      await expect.poll(() => connections(), PATIENT).toBeLessThanOrEqual(before);
      left.resolve();
      await expect.poll(async () => (await api.query()).status, PATIENT).toBe(200);
    }
  } finally {
    left.resolve();
    await api.close();
  }
});
