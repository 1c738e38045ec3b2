import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Gauge, Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HealthServer, serveHealth } from './health.ts';

let health: HealthServer;
let collected = 0;
let readyAsked = 0;
const sockets: Socket[] = [];
beforeEach(async () => {
  readyAsked = 0;
  const service = {
    async ready() {
      readyAsked++;
      return { ok: true, detail: '' };
    },
  };
  const metrics = new Registry();
  collected = 0;
  new Gauge({ name: 'asked', help: 'how often it was collected', registers: [metrics], collect: () => void collected++ });
  health = await serveHealth({ host: '127.0.0.1', port: 0, service, metrics });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await health.close();
});

async function open(): Promise<Socket> {
  const socket = connect(health.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

test('law 7: a header that never ends is cut off', async () => {
  const socket = await open();
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n');
  const beganMs = performance.now();
  socket.resume();
  await once(socket, 'close');
  expect(performance.now() - beganMs).toBeLessThan(10_000);
});

test('law 7: connections are bounded, and those beyond are closed at once', async () => {
  for (let i = 0; i < 100; i++) await open();
  const beyond = connect(health.port, '127.0.0.1');
  sockets.push(beyond);
  beyond.on('error', () => {});
  beyond.resume();
  await once(beyond, 'close');
  for (const socket of sockets.splice(0, 50)) socket.destroy();
  await expect.poll(async () => (await fetch(`http://127.0.0.1:${health.port}/readyz`).catch(() => null))?.status).toBe(200);
});

test('law 7: thousands of requests in one packet are not served: the connection is closed', async () => {
  const socket = await open();
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000));
  await new Promise((resolve) => socket.resume().on('close', resolve));
  expect(readyAsked).toBeLessThanOrEqual(8);
  expect((await fetch(`http://127.0.0.1:${health.port}/readyz`)).status).toBe(200);
});

test('metrics, which need no key, are not collected again for everybody who asks', async () => {
  const began = performance.now();
  for (let i = 0; i < 20; i++) expect((await fetch(`http://127.0.0.1:${health.port}/metrics`)).status).toBe(200);
  expect(collected).toBeGreaterThan(0);
  expect(collected).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - began) / 1_000));
});
