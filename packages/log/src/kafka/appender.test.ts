import { expect, it } from 'vitest';
import { createAppender } from './appender.ts';
import type { Connection } from './connection.ts';
import { eventEnvelope } from './layout.ts';
import type { Topic } from './topic.ts';

it('law 6: an append that the broker gives no offset is not acknowledged', async () => {
  let baseOffset = -1;
  const send = async () => [{ partition: 0, errorCode: 0, baseOffset, message: null }];
  const connection: Connection = { send: send as Connection['send'], isOpen: () => true, close: () => {} };
  const address = { host: 'localhost', port: 9092 };
  const topic: Topic = {
    name: 't',
    id: '07'.repeat(16),
    partitions: 1,
    refresh: async () => {},
    check: async () => {},
    byLeader: async (partitions) => new Map([[1, { address, partitions }]]),
  };
  const connections = { to: async () => connection, drop: () => {}, closeAll: () => {} };
  const options = { envelopeOf: eventEnvelope, maxMessageBytes: 1_000_000, timeoutMs: 1_000, now: Date.now };
  const appender = createAppender({ topic, connections, ...options });
  await expect(appender.append(0, { kind: 'events', body: '{}' })).rejects.toThrow(
    'no offset of an append, the outcome is unknown',
  );
  baseOffset = 0;
  await expect(appender.append(0, { kind: 'events', body: '{}' })).resolves.toBeDefined();
  await appender.close();
});
