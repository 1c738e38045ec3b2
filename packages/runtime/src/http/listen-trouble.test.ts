import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TributaryError } from '@tributary/model/errors';
import { expect, test } from 'vitest';
import { listenTrouble } from './listen-trouble.ts';

async function troubleAt(host: string, port: number): Promise<TributaryError> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    return listenTrouble(error, 'TRIBUTARY_API_PORT', host, port) as TributaryError;
  }
  server.close();
  throw new Error('it listens');
}

test('a port that is taken is named with its setting; it may be free in a moment', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  try {
    const { code, message } = await troubleAt('127.0.0.1', port);
    const sentence = `TRIBUTARY_API_PORT must be a free port (got ${port}): another program listens on 127.0.0.1:${port}`;
    expect([code, message]).toEqual(['port_taken', sentence]);
  } finally {
    other.close();
  }
});

test('an address that this machine does not have is one of TRIBUTARY_HOST', async () => {
  const { code, message } = await troubleAt('192.0.2.1', 0);
  expect([code, message]).toEqual([
    'invalid_config',
    expect.stringMatching(
      /^TRIBUTARY_HOST must be an address of this machine \(got "192\.0\.2\.1": EADDRNOTAVAIL\)\. Write .*\.$/,
    ),
  ]);
});

test('a port that this user may not open is not called taken', () => {
  const denied = Object.assign(new Error('listen EACCES: permission denied 127.0.0.1:80'), { code: 'EACCES' });
  const { code, message } = listenTrouble(denied, 'TRIBUTARY_COLLECTOR_PORT', '127.0.0.1', 80) as TributaryError;
  const sentence = 'TRIBUTARY_COLLECTOR_PORT must be a port that this user may open (got 80). Choose one above 1023.';
  expect([code, message]).toEqual(['invalid_config', sentence]);
  const other = new Error('else');
  expect(listenTrouble(other, 'TRIBUTARY_API_PORT', '127.0.0.1', 80)).toBe(other);
});
