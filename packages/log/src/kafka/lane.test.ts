import { afterEach, expect, it } from 'vitest';
import type { Connection } from './connection.ts';
import { ENTRY_LIMITS } from './entries.ts';
import { createLane, type Lane } from './lane.ts';
import { encodeBatch } from './record-batch.ts';
import type { Fetched } from './requests.ts';
import type { Topic } from './topic.ts';

const BATCH = encodeBatch([{ key: null, value: Buffer.from('{}'), headers: [] }], 1_700_000_000_000);
const CUT = BATCH.subarray(0, BATCH.length - 1);
const LIMITS = { maxEntries: 10, maxBytes: 1_000_000 };

const opened: Lane[] = [];
afterEach(() => {
  for (const lane of opened.splice(0)) lane.close();
});

/** A lane of one partition, to which each fetch is answered at once: with the bytes in turn, the last ones again and again. */
function laneOf(...replies: readonly Buffer[]) {
  let fetches = 0;
  const send = async (): Promise<Fetched> => {
    await new Promise(setImmediate);
    if (fetches > 1_000) throw new Error('fetched without an end');
    const records = replies[Math.min(fetches++, replies.length - 1)] as Buffer;
    return { errorCode: 0, partitions: [{ partition: 0, errorCode: 0, logStart: 0, aborted: [], records }] };
  };
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
  const lane = createLane({ topic, connections, entryLimits: ENTRY_LIMITS });
  opened.push(lane);
  const read = (waitMs: number) => lane.read([{ partition: 0, offset: 0 }], LIMITS, waitMs);
  return { read, fetches: () => fetches };
}

it('law 7: a read of a broker that sends less than one whole batch ends in time, with few fetches', async () => {
  const lane = laneOf(CUT);
  expect(await lane.read(500)).toEqual([]);
  // The pause between two is 50 ms.
  expect(lane.fetches()).toBeLessThanOrEqual(12);
  expect(lane.fetches()).toBeGreaterThan(1);
  expect(await lane.read(0)).toEqual([]);
});

it('a batch that came cut is asked for again at once, as the first one', async () => {
  const lane = laneOf(CUT, BATCH);
  expect(await lane.read(0)).toHaveLength(1);
  expect(lane.fetches()).toBe(2);
});
