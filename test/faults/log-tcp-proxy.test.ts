import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy, type TcpProxy } from '@tributary/testkit/servers/tcp-proxy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Answers every request with the same text in capitals, and remembers what it got. */
let echo: Server;
let received: string;
let proxy: TcpProxy;
let clients: Socket[];

beforeEach(async () => {
  received = '';
  clients = [];
  echo = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk;
      socket.write(String(chunk).toUpperCase());
    });
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startTcpProxy((echo.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  await proxy.stop();
  echo.close();
});

interface Client {
  readonly socket: Socket;
  text: string;
  error: string | null;
}

async function connect(): Promise<Client> {
  const socket = createConnection(proxy.port, '127.0.0.1');
  clients.push(socket);
  const client: Client = { socket, text: '', error: null };
  socket.on('data', (chunk) => (client.text += chunk));
  socket.on('error', (error: NodeJS.ErrnoException) => (client.error = error.code ?? error.message));
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return client;
}

describe('the misbehaving proxy', () => {
  it('passes bytes both ways', async () => {
    const client = await connect();
    client.socket.write('hello');
    await expect.poll(() => client.text).toBe('HELLO');
    expect(proxy.connections).toBe(1);
    client.socket.end();
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it('counts round trips: what is sent before a reply shares one', async () => {
    const client = await connect();
    for (const [sent, got] of [
      ['a', 'A'],
      ['b', 'AB'],
    ]) {
      client.socket.write(sent as string);
      await expect.poll(() => client.text).toBe(got);
    }
    expect(proxy.roundTrips).toBe(2);
    await proxy.set({ kind: 'delay', delayMs: 50 });
    for (const sent of ['c', 'd', 'e']) client.socket.write(sent);
    await expect.poll(() => client.text).toBe('ABCDE');
    expect(proxy.roundTrips).toBe(1);
  });

  it('refuses: new connections fail, open ones are reset, and a proxy that passes again works on the same port', async () => {
    const before = await connect();
    await proxy.set({ kind: 'refuse' });
    await expect.poll(() => before.socket.destroyed).toBe(true);
    expect(before.error).toBe('ECONNRESET');
    expect((await connect()).error).toBe('ECONNREFUSED');
    await proxy.set({ kind: 'pass' });
    const again = await connect();
    again.socket.write('back');
    await expect.poll(() => again.text).toBe('BACK');
  });

  it('swallows everything in a black hole, open connections included, and goes on afterwards', async () => {
    const client = await connect();
    await proxy.set({ kind: 'blackHole' });
    const fresh = await connect();
    client.socket.write('lost');
    fresh.socket.write('lost');
    await sleep(100);
    expect([received, client.text, client.socket.destroyed, fresh.error]).toEqual(['', '', false, null]);
    await proxy.set({ kind: 'pass' });
    client.socket.write('kept');
    await expect.poll(() => client.text).toBe('KEPT');
  });

  it('delays each way, in order', async () => {
    const client = await connect();
    await proxy.set({ kind: 'delay', delayMs: 100 });
    const startedMs = performance.now();
    for (const word of ['a', 'b', 'c']) client.socket.write(word);
    await expect.poll(() => client.text).toBe('ABC');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(195);
  });

  it('resets in the middle of a reply, after the request has arrived', async () => {
    const client = await connect();
    await proxy.set({ kind: 'resetReply', afterBytes: 3 });
    client.socket.write('request');
    await expect.poll(() => client.socket.destroyed).toBe(true);
    expect([received, client.error]).toEqual(['request', 'ECONNRESET']);
    expect('REQ'.startsWith(client.text)).toBe(true);
  });

  it('drops the rest of the reply and keeps the connection', async () => {
    const client = await connect();
    client.socket.write('before');
    await expect.poll(() => client.text).toBe('BEFORE');
    await proxy.set({ kind: 'dropReply', afterBytes: 3 });
    client.socket.write('request');
    await expect.poll(() => received).toBe('beforerequest');
    await sleep(50);
    expect([client.text, client.socket.destroyed]).toEqual(['BEFOREREQ', false]);
  });
});
