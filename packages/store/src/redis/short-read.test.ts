/** Laws 3 and 7: a short read asks for its key as it is, gets its own reply, and does not wait for one longer than the connection says. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { Command, Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { readOfBytes, readOfTexts } from './short-read.ts';

const opened: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

/** A server that answers nothing by itself, and a connection to it whose commands may take 50 ms. */
async function connected() {
  const server: Server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const redis = new Redis({
    port,
    host: '127.0.0.1',
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 50,
    retryStrategy: () => null,
  });
  redis.on('error', () => {});
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(redis, 'ready')])) as [[Socket], unknown];
  opened.push({
    close() {
      redis.disconnect();
      server.close();
    },
  });
  return { redis, peer };
}

const record = readOfBytes('getrange', ['-9', '-1']);
const state = readOfTexts('hmget', ['rewritten', 'position']);

test('law 3: what goes to Redis is what the command of the library sends, whatever the key is', () => {
  const sent: string[] = [];
  const redis = {
    isCluster: false,
    sendCommand: async (command: Command) => sent.push(String(command.toWritable({}))),
  } as unknown as Redis;
  const keys = ['', 'k', 'é', '€', '😀', '\ud800', '\r\n', 'x'.repeat(1_000), `{p:3}:u:${'é'.repeat(99)}`];
  for (const key of keys) void [record(redis, key), state(redis, key)];
  const own = keys.flatMap((key) => [
    new Command('getrange', [key, '-9', '-1']).toWritable({}),
    new Command('hmget', [key, 'rewritten', 'position']).toWritable({}),
  ]);
  expect(sent).toEqual(own.map(String));
});

test('law 7: each read gets its own reply, also where those before it failed or were given up', async () => {
  const { redis, peer } = await connected();
  const late = record(redis, 'late').catch((error: Error) => error.message);
  expect(await Promise.race([late, sleep(5_000, 'nothing yet')])).toBe('Command timed out');
  const [refused, texts, bytes, none] = [record(redis, 'a'), state(redis, 'b'), record(redis, 'c'), record(redis, 'd')];
  peer.write('$4\r\nlate\r\n-WRONGTYPE of a\r\n*2\r\n$-1\r\n$4\r\n1-\xc3\xa9\r\n$4\r\n\0\xff\r\n\r\n$0\r\n\r\n', 'latin1');
  await expect(refused).rejects.toMatchObject({
    message: 'WRONGTYPE of a',
    command: { name: 'getrange', args: ['a', '-9', '-1'] },
  });
  expect(await bytes).toEqual(Buffer.from('\0\xff\r\n', 'latin1'));
  expect(await none).toEqual(Buffer.alloc(0));
  expect(await texts).toEqual([null, '1-é']);
});

test('a reply that came while this process did something else for longer than the read may take is not lost', async () => {
  const { redis, peer } = await connected();
  const read = record(redis, 'a');
  await turn();
  peer.write('$1\r\na\r\n');
  for (const until = performance.now() + 100; performance.now() < until; );
  expect(await read).toEqual(Buffer.from('a'));
});

test('law 7: a reply that is none of its kind fails the read alone', async () => {
  const { redis, peer } = await connected();
  const [wrong, next] = [state(redis, 'a'), record(redis, 'b')];
  peer.write(':7\r\n$1\r\nb\r\n');
  await expect(wrong).rejects.toThrow();
  expect(await next).toEqual(Buffer.from('b'));
});

test('law 7: a read whose connection ends before the reply, or was never made, fails and is not asked again', async () => {
  const { redis, peer } = await connected();
  const [first, second] = [record(redis, 'a'), state(redis, 'b')];
  peer.destroy();
  const failed = await Promise.allSettled([first, second]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(record(redis, 'c')).rejects.toThrow();
});

test('a cluster gets the command of the library, at whose keys it looks', () => {
  const commands: unknown[] = [];
  const cluster = { isCluster: true, sendCommand: async (command: unknown) => commands.push(command) } as unknown as Redis;
  void [record(cluster, 'a'), state(cluster, 'b')];
  expect(commands.map((command) => command instanceof Command && command.getKeys())).toEqual([['a'], ['b']]);
});
