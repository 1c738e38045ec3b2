import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fewRequests } from './few-requests.ts';

const open: ServerResponse[] = [];
const server = createServer(fewRequests((_request, response) => void open.push(response)));
const sockets: Socket[] = [];
beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  open.length = 0;
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

function ask(requests: number, socket?: Socket): Socket {
  const asking = socket ?? connect((server.address() as AddressInfo).port, '127.0.0.1');
  if (socket === undefined) sockets.push(asking.on('error', () => {}));
  asking.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(requests));
  return asking.resume();
}

test('law 7: a connection has at most eight requests under way; one that asks for more is closed, and the rest is not served', async () => {
  const socket = ask(2_000);
  await new Promise((resolve) => socket.on('close', resolve));
  expect(open).toHaveLength(8);
});

test('eight requests sent at once are answered, and once they are taken the next eight', async () => {
  const socket = ask(8);
  for (const all of [8, 16]) {
    await expect.poll(() => open.length).toBe(all);
    const taken = open.slice(-8).map((response) => once(response, 'close'));
    for (const response of open.slice(-8)) response.end('ok');
    await Promise.all(taken);
    if (all === 8) ask(8, socket);
  }
  expect(socket.destroyed).toBe(false);
});
