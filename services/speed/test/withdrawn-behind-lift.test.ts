/** A withdrawal behind the lift of its receiver, read in one batch or in several. */
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import { encodeEvent } from '@tributary/model/event';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { JOINED } from '@tributary/testkit/inputs/joined-keys';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { countingRecord } from '@tributary/views/identity/keyed-record';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const numberOf = (n: number) => (n === 0 ? '' : messageNumber('1.0000000', n));
const numbered = (n: number) => ({ from: 0, number: numberOf(n), after: numberOf(n - 1) });
const AT = 1_000_000;
const lent = encodeEvent({ ts: AT, type: 'click', id: 'e1', anonymousId: 'cookie', receivedAt: AT, source: 'test' });

async function recordAfter(maxEntries: number): Promise<string> {
  const log = createMemoryLog({ partitions: 1 });
  const speed = createMemoryStore({ partitions: 1 }).speed();
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, store: speed, definitions: JOINED, partitions: [0], sha256Hex, digestOf: sha256Hex },
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0, maxEntries },
  });
  const lines = [
    encodeEvent({ ts: AT, type: 'click', id: 'own', userId: 'ada', receivedAt: AT, source: 'test' }),
    encodeErasure({ type: ERASE_TYPE, userKey: 'ada', id: 'x', atMs: AT }),
    encodeErasure({ type: LIFT_TYPE, userKey: 'ada', id: 'y', atMs: AT }),
    encodeMessage(
      {
        kind: 'put',
        to: 'ada',
        item: { origin: 'cookie', id: 'e1', ts: AT, isKnown: true, path: ['cookie'], line: lent },
        version: '5.0000000',
      },
      numbered(1),
    ),
    encodeMessage(
      {
        kind: 'withdraw',
        to: 'ada',
        of: sha256Hex('cookie'),
        by: sha256Hex('cookie'),
        erasure: '6.0000000',
        hops: 1,
        version: '6.0000000',
        receivedAt: AT,
      },
      numbered(2),
    ),
  ];
  for (const line of lines) await log.append(0, { kind: 'events', body: line });
  while ((await worker.runOnce()) > 0);
  await worker.settle();
  const [record] = (await speed.loadRecords(0, ['ada'], 1e6)).records;
  return typeof record === 'string' ? record : '';
}

test('law 9: what an erased key lent has left the record of who was erased and lifted, in whatever batches', async () => {
  const [apart, together] = [await recordAfter(1), await recordAfter(16)];
  const seen = (record: string) => countingRecord('ada', Buffer.from(record), JOINED.joinedMs as number).toString();
  expect(apart).not.toContain('cookie');
  expect(seen(apart)).toBe('');
  expect(together).not.toContain('cookie');
  expect(seen(together)).toBe('');
});
