import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createWaitingAnswers, type WaitingLimits } from './waiting-answers.ts';

const KB = 1024;
const sockets: Socket[] = [];
let close: () => Promise<unknown> = async () => {};
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await close();
});

/** Answers of `bytes` each; what is asked for as /unread does not leave the process, as if the kernel had no room. */
async function listening(bytes: number, limits: WaitingLimits) {
  const hold = createWaitingAnswers(limits);
  const lost: string[] = [];
  const server = createServer((request, response: ServerResponse) => {
    if (request.url?.startsWith('/unread')) Object.assign(request.socket, { _write() {}, _writev() {} });
    response.once('close', () => response.writableFinished || lost.push(String(request.url)));
    hold(response, bytes);
    response.end('x'.repeat(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  const { port } = server.address() as AddressInfo;
  return {
    lost,
    url: `http://127.0.0.1:${port}`,
    /** Resolves when it has arrived. */
    async ask(path: string) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      sockets.push(socket);
      const asked = once(server, 'request');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await asked;
      return socket;
    },
  };
}

test('law 7: beyond the budget the connections are broken off whose answers have waited longest; others are served', async () => {
  const server = await listening(20 * KB, { maxBytes: 100 * KB, takeMs: 60_000 });
  for (let i = 1; i <= 6; i++) await server.ask(`/unread-${i}`);
  await expect.poll(() => server.lost).toEqual(['/unread-1', '/unread-2']);
  expect(await (await fetch(server.url)).text()).toHaveLength(20 * KB);
  await expect.poll(() => server.lost).toEqual(['/unread-1', '/unread-2', '/unread-3']);
});

test('law 7: small answers count as well, with what each of them holds besides its text', async () => {
  const server = await listening(10, { maxBytes: 100 * KB, takeMs: 60_000 });
  for (let i = 1; i <= 50; i++) await server.ask(`/unread-${i}`);
  await expect.poll(() => server.lost).toHaveLength(26);
});

test('law 7: an answer that is not taken in time is broken off, and what is taken is not', async () => {
  const server = await listening(10, { maxBytes: 100 * KB, takeMs: 200 });
  const reader = (await server.ask('/read')).resume();
  const other = (await server.ask('/unread')).resume();
  await new Promise((resolve) => other.on('close', resolve));
  await expect.poll(() => server.lost).toEqual(['/unread']);
  expect(reader.destroyed).toBe(false);
});

test('answers that are read leave nothing behind, however many', async () => {
  const server = await listening(60 * KB, { maxBytes: 100 * KB, takeMs: 60_000 });
  for (let i = 0; i < 20; i++) expect(await (await fetch(server.url)).text()).toHaveLength(60 * KB);
  expect(server.lost).toEqual([]);
});
