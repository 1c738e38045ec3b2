import { onePartition } from '@tributary/testkit/kafka/one-partition';
import { afterEach, expect, it } from 'vitest';
import { ENTRY_LIMITS } from './entries.ts';
import { createFetchSession, type FetchSession } from './fetch-session.ts';
import { encodeBatch } from './record-batch.ts';
import type { Fetched } from './requests.ts';

const BATCH = encodeBatch([{ key: null, value: Buffer.from('{}'), headers: [] }], 1_700_000_000_000);
const CUT = BATCH.subarray(0, BATCH.length - 1);
const LIMITS = { maxEntries: 10, maxBytes: 1_000_000 };

const opened: FetchSession[] = [];
afterEach(() => {
  for (const session of opened.splice(0)) session.close();
});

/** A session of one partition, to which each fetch is answered at once: with the bytes in turn, the last ones again and again. */
function sessionOf(...replies: readonly Buffer[]) {
  let fetches = 0;
  const send = async (): Promise<Fetched> => {
    await new Promise(setImmediate);
    if (fetches > 1_000) throw new Error('fetched without an end');
    const records = replies[Math.min(fetches++, replies.length - 1)] as Buffer;
    return { errorCode: 0, partitions: [{ partition: 0, errorCode: 0, logStart: 0, aborted: [], records }] };
  };
  const { topic, connections } = onePartition(send);
  const session = createFetchSession({ topic, connections, entryLimits: ENTRY_LIMITS });
  opened.push(session);
  const read = (waitMs: number) => session.read([{ partition: 0, offset: 0 }], LIMITS, waitMs);
  return { read, fetches: () => fetches };
}

it('law 7: a read of a broker that sends less than one whole batch ends in time, with few fetches', async () => {
  const session = sessionOf(CUT);
  expect(await session.read(500)).toEqual([]);
  // The pause between two is 50 ms.
  expect(session.fetches()).toBeLessThanOrEqual(12);
  expect(session.fetches()).toBeGreaterThan(1);
  expect(await session.read(0)).toEqual([]);
});

it('a batch that came cut is asked for again at once, as the first one', async () => {
  const session = sessionOf(CUT, BATCH);
  expect(await session.read(0)).toHaveLength(1);
  expect(session.fetches()).toBe(2);
});
