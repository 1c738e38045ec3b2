import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectTo } from './connection.ts';
import { MAX_REPLY_BYTES } from './replies.ts';
import type { KafkaSettings } from './settings.ts';
import { EARLIEST, listOffsetsRequest, metadataRequest } from './topic-requests.ts';

const HOST = '127.0.0.1';
const VERSIONS = 18;
const HANDSHAKE = 17;
const LOGIN = 36;

/** Parts of a reply: numbers of one byte each, or bytes. */
type Part = number | Buffer;
const bytes = (...parts: readonly Part[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)));
const int32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
};

interface Asked {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: Buffer;
  readonly socket: Socket;
}

const reply = ({ correlationId, socket }: Asked, ...parts: readonly Part[]): void => {
  const body = bytes(correlationId, ...parts);
  socket.write(bytes(int32(body.length), body));
};

/** No error; each key from version 0 to 20; no throttling, no tags. In version 1 lists are counted by 32 bits, in version 3 by one byte. */
function tellVersions(asked: Asked): void {
  const keys = [1, 2, 3, VERSIONS, HANDSHAKE, LOGIN].map((key) => bytes(0, key, 0, 0, 0, key === LOGIN ? 2 : 20));
  if (asked.apiVersion === 1) reply(asked, 0, 0, int32(keys.length), ...keys, int32(0));
  else reply(asked, 0, 0, keys.length + 1, ...keys.map((key) => bytes(key, 0)), int32(0), 0);
}

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

/** A broker that says what it is told to; the versions by itself. */
async function brokerThat(answer: (asked: Asked) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let held = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
        const request = held.subarray(4, 4 + held.readInt32BE(0));
        held = held.subarray(4 + request.length);
        const [apiKey, apiVersion] = [request.readInt16BE(0), request.readInt16BE(2)];
        const asked = { apiKey, apiVersion, correlationId: request.subarray(4, 8), socket };
        if (apiKey === VERSIONS) tellVersions(asked);
        else answer(asked);
      }
    });
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  opened.push({
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
  const address = { host: HOST, port: (server.address() as AddressInfo).port };
  return {
    sockets,
    async connect(sasl?: KafkaSettings['sasl']) {
      const connection = await connectTo(address, { brokers: [], clientId: 'tests', ...(sasl && { sasl }) });
      opened.push({ stop: async () => connection.close() });
      return connection;
    },
  };
}

describe('a connection to a broker', () => {
  it.each([MAX_REPLY_BYTES + 1, 0xffff_ffff, 0])('law 7: ends at a reply that says it has %i bytes', async (size) => {
    const broker = await brokerThat(({ socket }) => socket.write(int32(size)));
    const connection = await broker.connect();
    const [socket] = broker.sockets;
    const closed = once(socket as Socket, 'close');
    await expect(connection.send(metadataRequest('t'))).rejects.toThrow(`a reply of ${size} bytes`);
    await closed;
    expect(connection.isOpen()).toBe(false);
  });

  it('takes replies in whatever pieces they come', async () => {
    const broker = await brokerThat(async (asked) => {
      const body = bytes(
        asked.correlationId,
        0,
        int32(0),
        2,
        2,
        0x74,
        2,
        int32(0),
        0,
        0,
        int32(0),
        int32(0),
        int32(0),
        int32(7),
        int32(0),
        0,
        0,
        0,
      );
      for (const byte of bytes(int32(body.length), body)) {
        asked.socket.write(bytes(byte));
        await new Promise(setImmediate);
      }
    });
    const connection = await broker.connect();
    for (let i = 0; i < 3; i++)
      expect(await connection.send(listOffsetsRequest('t', [0], EARLIEST))).toEqual([{ partition: 0, errorCode: 0, offset: 7 }]);
  });

  it('law 7: a reply with a length below zero is an error, not a way back', async () => {
    // No throttling, one topic, the length of its name.
    const broker = await brokerThat((asked) => reply(asked, 0, int32(0), 2, int32(0xffff_ffff), 0x0f, 0, 0, 0));
    const connection = await broker.connect();
    await expect(connection.send(listOffsetsRequest('t', [0], EARLIEST))).rejects.toThrow('a length of -1 in a reply');
    expect(connection.isOpen()).toBe(false);
  });

  it('a broker that hangs up rejects what is under way, each of it once', async () => {
    let asked = 0;
    const broker = await brokerThat(({ socket }) => {
      if (++asked === 5) socket.destroy();
    });
    const connection = await broker.connect();
    const sent = Array.from({ length: 12 }, () => connection.send(metadataRequest('t')));
    for (const { status } of await Promise.allSettled(sent)) expect(status).toBe('rejected');
    await expect(connection.send(metadataRequest('t'))).rejects.toThrow('closed');
    expect(connection.isOpen()).toBe(false);
  });

  it.each(['scram-sha-256', 'scram-sha-512'] as const)(
    'a login by %s that is answered with nonsense is an error',
    async (mechanism) => {
      const broker = await brokerThat((asked) => {
        if (asked.apiKey === HANDSHAKE) reply(asked, 0, 0, int32(0));
        // No tags, no error, no message; "{" instead of salt and nonce; no end of the session.
        else reply(asked, 0, 0, 0, 0, 2, 0x7b, int32(0), int32(0), 0);
      });
      const login = broker.connect({ mechanism, username: 'app', password: 'secret' });
      await expect(login).rejects.toThrow(/SASL SCRAM-SHA-(256|512) as "app" failed: .*Malformed SCRAM/);
    },
  );

  it('law 7: the code of one partition comes with the answers for the others, and the connection goes on', async () => {
    const offsetOf = (partition: number, code: number, offset: number) =>
      bytes(int32(partition), 0, code, int32(0), int32(0), int32(0), int32(offset), int32(0), 0);
    const broker = await brokerThat((asked) =>
      reply(asked, 0, int32(0), 2, 2, 0x74, 3, offsetOf(0, 6, 0), offsetOf(1, 0, 9), 0, 0),
    );
    const connection = await broker.connect();
    expect(await connection.send(listOffsetsRequest('t', [0, 1], EARLIEST))).toEqual([
      { partition: 0, errorCode: 6, offset: 0 },
      { partition: 1, errorCode: 0, offset: 9 },
    ]);
    expect(connection.isOpen()).toBe(true);
  });

  it('law 7: the id of a topic is spelled as readers have kept it, also where a partition has no leader', async () => {
    const id = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    const node = bytes(int32(1), 10, Buffer.from(HOST), int32(9092), 0, 0);
    const nobody = 0xffff_ffff;
    const partition = bytes(0, 5, int32(0), int32(nobody), int32(nobody), 2, int32(1), 1, 1, 0);
    const broker = await brokerThat((asked) =>
      reply(asked, 0, int32(0), 2, node, 0, int32(1), 2, 0, 0, 2, 0x74, id, 0, 2, partition, int32(0), 0, 0),
    );
    const connection = await broker.connect();
    expect(await connection.send(metadataRequest('t'))).toMatchObject({
      brokers: [{ nodeId: 1, host: HOST, port: 9092 }],
      controllerId: 1,
      errorCode: 0,
      topicId: '00112233445566778899aabbccddeeff',
      partitions: [{ partition: 0, leader: -1, replicas: 1 }],
    });
  });
});
