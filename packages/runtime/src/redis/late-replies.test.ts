/** A command of the library waits as long as its connection says, and no reply that came in time is lost. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import './connect.ts';

/** A connection, to a server that answers nothing by itself, whose commands may take 50 ms. */
async function connected(enableAutoPipelining: boolean) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const redis = new Redis({
    ...{ host: '127.0.0.1', port, protocol: 2, enableReadyCheck: false, disableClientInfo: true },
    ...{ enableAutoPipelining, commandTimeout: 50, retryStrategy: () => null },
  });
  redis.on('error', () => {});
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(redis, 'ready')])) as [[Socket], unknown];
  onTestFinished(() => {
    redis.disconnect();
    peer.destroy();
    server.close();
  });
  return { redis, peer };
}

for (const enableAutoPipelining of [false, true])
  test(`a reply that came while this process did something else for longer than the command may take is not lost (pipelines: ${enableAutoPipelining})`, async () => {
    const { redis, peer } = await connected(enableAutoPipelining);
    const read = redis.get('a');
    await turn();
    peer.write('$1\r\na\r\n');
    for (const until = performance.now() + 150; performance.now() < until; );
    expect(await read).toBe('a');
  });

test('a command without a reply is given up in its time', async () => {
  const { redis } = await connected(false);
  const since = performance.now();
  await expect(redis.get('a')).rejects.toThrow('Command timed out');
  expect(performance.now() - since).toBeGreaterThan(45);
});
