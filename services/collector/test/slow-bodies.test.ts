/** Bodies that name their key themselves, and arrive slowly: of attackers, and of phones. */
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SERVER, type StartedCollector, type StartOptions, startCollector, WRITE_KEY } from './start-collector.ts';

let collector: StartedCollector;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await collector.stop();
});

async function start(options: StartOptions) {
  collector = await startCollector(options);
}

/** A request whose body is `length` bytes long, of which these have been sent. */
function open(length: number, sent: string, headers = ''): Socket {
  const socket = connect(Number(new URL(collector.url).port), '127.0.0.1');
  sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  socket.write(`POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${headers}\r\n${sent}`);
  return socket;
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once('data', (data) => resolve(data.toString())));
}

const batch = (text: string) => ({
  writeKey: WRITE_KEY,
  batch: [{ type: 'track', event: 'e', userId: 'u', properties: { text } }],
});
const post = async (body: object) =>
  (await fetch(`${collector.url}/v1/batch`, { method: 'POST', body: JSON.stringify(body) })).status;

test('law 7: hundreds of slow bodies fill their room, again and again, and honest ones get through', async () => {
  await start({ keylessGate: { maxBytes: 1_000_000 } });
  const attack = () => {
    for (let i = sockets.size; i < 100; i++) open(400_000, 'x'.repeat(i % 2 === 0 ? 60_000 : 3_000));
    for (const socket of sockets) if (socket.bytesWritten > 0) socket.write('x'.repeat(100));
  };
  attack();
  await expect.poll(() => collector.keylessGate.bytes).toBeGreaterThan(900_000);
  const attacks = setInterval(attack, 20);
  const statuses: number[] = [];
  for (let round = 0; round < 20; round++)
    statuses.push(...(await Promise.all(Array.from({ length: 4 }, () => post(batch('x'.repeat(20_000)))))));
  clearInterval(attacks);
  expect(collector.keylessGate.bytes).toBeLessThanOrEqual(1_000_000);
  expect(statuses.filter((status) => status === 200)).toHaveLength(80);
});

test('law 7: a body that gave way holds nothing, and its sender reads when to try again', async () => {
  await start({ keylessGate: { maxBytes: 100_000 }, limits: { keylessBodyMs: 500 } });
  const slow = open(90_000, 'x'.repeat(80_000));
  await expect.poll(() => collector.keylessGate.bytes).toBeGreaterThan(80_000);
  expect(await post(batch('x'.repeat(30_000)))).toBe(200);
  expect(collector.keylessGate.bytes).toBe(0);
  const answer = answerOf(slow);
  slow.write('x'.repeat(10_000));
  expect(await answer).toMatch(/^HTTP\/1.1 429 .*retry-after: 1/is);
});

test('law 6: a body that arrives at the rate of a poor network is taken, one that drips is not', async () => {
  await start({ limits: { keylessBodyMs: 200 } });
  const body = JSON.stringify(batch('x'.repeat(30_000)));
  const phone = open(body.length, '');
  const slow = open(body.length, '');
  const answers = [answerOf(phone), answerOf(slow)] as const;
  const drips = setInterval(() => slow.write('x'), 20);
  const beganMs = performance.now();
  for (let from = 0; from < body.length; from += 3_000) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    phone.write(body.slice(from, from + 3_000));
  }
  const [taken, refused] = await Promise.all(answers);
  clearInterval(drips);
  expect(performance.now() - beganMs).toBeGreaterThan(400);
  expect(taken).toMatch(/^HTTP\/1.1 200 /);
  expect(refused).toMatch(/^HTTP\/1.1 408 .*must arrive within 200 ms and 20480 bytes a second after these/is);
});

test('law 7: a key that is revoked while a body arrives sends nothing any more', async () => {
  const keys = [SERVER];
  await start({ keys });
  const body = JSON.stringify({ ...batch('late'), writeKey: undefined });
  const slow = open(body.length, body.slice(0, 5), `Authorization: Bearer ${SERVER.key}\r\n`);
  const answer = answerOf(slow);
  // The head of the request has arrived, and its key has been looked at.
  await new Promise((resolve) => setTimeout(resolve, 200));
  keys.length = 0;
  slow.write(body.slice(5));
  expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
  expect(await collector.events()).toEqual([]);
});
