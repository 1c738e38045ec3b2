import { once } from 'node:events';
import type { Socket } from 'node:net';
import {
  type Asked,
  bytes,
  int32,
  reply,
  SASL_HANDSHAKE,
  type ScriptedOptions,
  scriptedBroker,
} from '@tributary/testkit/kafka/scripted-broker';
import { afterEach, describe, expect, it } from 'vitest';
import { connectTo } from './connection.ts';
import { MAX_REPLY_BYTES } from './replies.ts';
import type { KafkaSettings } from './settings.ts';
import { EARLIEST, listOffsetsRequest, metadataRequest } from './topic-requests.ts';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

async function brokerThat(answer: (asked: Asked) => unknown, options?: ScriptedOptions) {
  const broker = await scriptedBroker(answer, options);
  opened.push(broker);
  return {
    sockets: broker.sockets,
    async connect(sasl?: KafkaSettings['sasl']) {
      const connection = await connectTo(broker.address, { brokers: [], clientId: 'tests', ...(sasl && { sasl }) });
      opened.push({ stop: async () => connection.close() });
      return connection;
    },
  };
}

/** The reply to "which is the oldest offset of partition 0": 7. */
const SEVEN = [0, int32(0), 2, 2, 0x74, 2, int32(0), 0, 0, int32(0), int32(0), int32(0), int32(7), int32(0), 0, 0, 0];
const IS_SEVEN = [{ partition: 0, errorCode: 0, offset: 7 }];

describe('a connection to a broker', () => {
  it.each([MAX_REPLY_BYTES + 1, 0xffff_ffff, 0])('law 7: ends at a reply that says it has %i bytes', async (size) => {
    const broker = await brokerThat(({ socket }) => socket.write(int32(size)));
    const connection = await broker.connect();
    const closed = once(broker.sockets[0] as Socket, 'close');
    await expect(connection.send(metadataRequest('t'))).rejects.toThrow(`a reply of ${size} bytes`);
    await closed;
    expect(connection.isOpen()).toBe(false);
  });

  it.each([0x8000_0000, 0xffff_fffb])(
    'law 7: a reply that says it has %i bytes ends its connection, not the process',
    async (size) => {
      const broker = await brokerThat(({ socket, correlationId }) =>
        socket.write(bytes(int32(size), correlationId, int32(0), 0)),
      );
      const connection = await broker.connect();
      await expect(connection.send(metadataRequest('t'))).rejects.toThrow(`a reply of ${size} bytes`);
      expect(connection.isOpen()).toBe(false);
    },
  );

  it('takes replies in whatever pieces they come', async () => {
    const broker = await brokerThat(async (asked) => {
      const body = bytes(asked.correlationId, ...SEVEN);
      for (const byte of bytes(int32(body.length), body)) {
        asked.socket.write(bytes(byte));
        await new Promise(setImmediate);
      }
    });
    const connection = await broker.connect();
    for (let i = 0; i < 3; i++) expect(await connection.send(listOffsetsRequest('t', [0], EARLIEST))).toEqual(IS_SEVEN);
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

  it('a broker that resets the connection rejects what is under way, and the process goes on', async () => {
    const broker = await brokerThat(({ socket }) => socket.resetAndDestroy());
    const connection = await broker.connect();
    await expect(connection.send(metadataRequest('t'))).rejects.toThrow('ECONNRESET');
    expect(connection.isOpen()).toBe(false);
  });

  it('a broker that does not tell its versions is not taken', async () => {
    const REFUSED = 31;
    const broker = await brokerThat(() => {}, { versions: (asked) => reply(asked, 0, REFUSED, 1, int32(0), 0) });
    await expect(broker.connect()).rejects.toThrow('the broker does not tell its versions (error 31)');
  });

  it('a broker that is too old is named as such', async () => {
    const TOO_OLD = 35;
    const broker = await brokerThat(() => {}, { versions: (asked) => reply(asked, 0, TOO_OLD, int32(0)) });
    const connection = await broker.connect();
    await expect(connection.send(metadataRequest('t'))).rejects.toThrow('of Metadata (got none). Run Kafka 3.1 or newer.');
  });

  it.each(['scram-sha-256', 'scram-sha-512'] as const)(
    'a login by %s that is answered with nonsense is an error',
    async (mechanism) => {
      const broker = await brokerThat((asked) => {
        if (asked.apiKey === SASL_HANDSHAKE) reply(asked, 0, 0, int32(0));
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
    const node = bytes(int32(1), 10, Buffer.from('127.0.0.1'), int32(9092), 0, 0);
    const none = 0xffff_ffff;
    const partition = bytes(0, 5, int32(0), int32(none), int32(none), 2, int32(1), 1, 1, 0);
    const broker = await brokerThat((asked) =>
      reply(asked, 0, int32(0), 2, node, 0, int32(1), 2, 0, 0, 2, 0x74, id, 0, 2, partition, int32(0), 0, 0),
    );
    const connection = await broker.connect();
    expect(await connection.send(metadataRequest('t'))).toMatchObject({
      brokers: [{ nodeId: 1, host: '127.0.0.1', port: 9092 }],
      controllerId: 1,
      errorCode: 0,
      topicId: '00112233445566778899aabbccddeeff',
      partitions: [{ partition: 0, leader: -1, replicas: 1 }],
    });
  });
});
