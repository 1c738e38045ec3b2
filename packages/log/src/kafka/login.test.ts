import type { Socket } from 'node:net';
import {
  type Asked,
  int32,
  reply,
  SASL_HANDSHAKE,
  SASL_LOGIN,
  type ScriptedOptions,
  scriptedBroker,
} from '@tributary/testkit/kafka/scripted-broker';
import { afterEach, expect, it, vi } from 'vitest';
import { connectTo } from './connection.ts';
import { MAX_REPLY_BYTES } from './replies.ts';
import type { KafkaSettings } from './settings.ts';
import { EARLIEST, listOffsetsRequest } from './topic-requests.ts';

const PLAIN: NonNullable<KafkaSettings['sasl']> = { mechanism: 'plain', username: 'app', password: 'secret' };
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
const DAY_MS = 24 * 60 * 60_000;

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of opened.splice(0)) await one.stop();
});

/** A broker that takes the mechanism; `login` answers what follows. */
async function brokerThat(login: (asked: Asked) => unknown, options?: ScriptedOptions) {
  const broker = await scriptedBroker(
    (asked) => (asked.apiKey === SASL_HANDSHAKE ? reply(asked, 0, 0, int32(0)) : login(asked)),
    options,
  );
  opened.push(broker);
  const connect = async (sasl = PLAIN) => {
    const connection = await connectTo(broker.address, { brokers: [], clientId: 'tests', sasl });
    opened.push({ stop: async () => connection.close() });
    return connection;
  };
  return { sockets: broker.sockets, connect };
}

/** Turns of the event loop until what is under way has come, 20 000 of them at most. */
async function turnsWhile(isWaiting: () => boolean): Promise<void> {
  for (let turns = 0; turns < 20_000 && isWaiting(); turns++) await new Promise(setImmediate);
}

/** No tags, no error, no message, nothing to check; the lifetime, no tags. */
const welcome = (asked: Asked, lifeMs: number): void => reply(asked, 0, 0, 0, 0, 1, int32(0), int32(lifeMs), 0);

/** Which is the oldest offset of partition 0: 7. */
const tellSeven = (asked: Asked): void =>
  reply(asked, 0, int32(0), 2, 2, 0x74, 2, int32(0), 0, 0, int32(0), int32(0), int32(0), int32(7), int32(0), 0, 0, 0);

it('a session that lasts longer than a timer is not logged in again at once', async () => {
  vi.useFakeTimers({ toFake: [...TIMERS] });
  let logins = 0;
  const broker = await brokerThat((asked) => {
    if (asked.apiKey !== SASL_LOGIN) return tellSeven(asked);
    logins++;
    welcome(asked, 0xf000_0000);
  });
  const connection = await broker.connect();
  const ask = () => connection.send(listOffsetsRequest('t', [0], EARLIEST));
  vi.advanceTimersByTime(60_000);
  await ask();
  expect(logins).toBe(1);
  vi.advanceTimersByTime(DAY_MS);
  await ask();
  expect(logins).toBe(2);
});

it('a broker that hangs up leaves no timer of the next login', async () => {
  vi.useFakeTimers({ toFake: [...TIMERS] });
  const broker = await brokerThat((asked) => welcome(asked, 30_000));
  await broker.connect();
  expect(vi.getTimerCount()).toBe(1);
  broker.sockets[0]?.destroy();
  await turnsWhile(() => vi.getTimerCount() > 0);
  expect(vi.getTimerCount()).toBe(0);
});

it('a login by SCRAM that would take long to compute is refused', async () => {
  const broker = await brokerThat((asked) => {
    const [, nonce] = /r=([^,]*)/.exec(asked.request.toString('latin1')) ?? [];
    const text = Buffer.from(`r=${nonce}x,s=AAAA,i=1000001`);
    reply(asked, 0, 0, 0, 0, text.length + 1, text, int32(0), int32(0), 0);
  });
  const login = broker.connect({ mechanism: 'scram-sha-256', username: 'app', password: 'secret' });
  await expect(login).rejects.toThrow(/SCRAM-SHA-256 as "app" failed: .*asks for 1000001 iterations.*at most 1000000/);
});

it('law 7: a reply of the login is bounded as all others are', async () => {
  const broker = await brokerThat(({ socket }) => socket.write(int32(MAX_REPLY_BYTES + 1)));
  await expect(broker.connect()).rejects.toThrow(`a reply of ${MAX_REPLY_BYTES + 1} bytes`);
});

it('a login that is refused leaves no socket, although the broker keeps its end', async () => {
  const REFUSED = 58;
  const broker = await brokerThat((asked) => reply(asked, 0, 0, REFUSED, 0, 1, int32(0), int32(0), 0), { allowHalfOpen: true });
  await expect(broker.connect()).rejects.toThrow('the login with SASL PLAIN as "app" failed');
  const socket = broker.sockets[0] as Socket;
  // Who still reads takes it; a socket that is gone resets the connection.
  await turnsWhile(() => {
    if (!socket.destroyed) socket.write('x');
    return !socket.destroyed;
  });
  expect(socket.destroyed).toBe(true);
});
