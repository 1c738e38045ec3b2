import { onePartition } from '@tributary/testkit/kafka/one-partition';
import { expect, it } from 'vitest';
import { createAppender } from './appender.ts';
import { eventEnvelope } from './layout.ts';

it('law 6: an append that the broker gives no offset is not acknowledged', async () => {
  let baseOffset = -1;
  const send = async () => [{ partition: 0, errorCode: 0, baseOffset, message: null }];
  const { topic, connections } = onePartition(send);
  const options = { envelopeOf: eventEnvelope, maxMessageBytes: 1_000_000, timeoutMs: 1_000, now: Date.now };
  const appender = createAppender({ topic, connections, ...options });
  await expect(appender.append(0, { kind: 'events', body: '{}' })).rejects.toThrow(
    'no offset of an append, the outcome is unknown',
  );
  baseOffset = 0;
  await expect(appender.append(0, { kind: 'events', body: '{}' })).resolves.toBeDefined();
  await appender.close();
});
