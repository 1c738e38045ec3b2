import { type Event, encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';

/** Lookback 6 h, lateness 2 h; signals alone would be kept for 1 h. */
const definitions = definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: 1 / 24, perUser: 20 } });
const T0 = Date.UTC(2026, 2, 1, 1);

const event = (userId: string, id: string, type: string, atHours: number, receivedHours: number): Event => ({
  ts: T0 + atHours * HOUR_MS,
  type,
  id,
  userId,
  receivedAt: T0 + receivedHours * HOUR_MS,
  source: 'test',
  channel: 'search',
});

const TOUCH = event('ana', 'touch', 'click', 0, 0);
const LATER = event('ana', 'later', 'scroll', 7, 7);
const CONVERSION = event('ana', 'conversion', 'buy', 5.5, 7);
const JUMP = event('bob', 'jump', 'scroll', 20, 20);

test('law 1: a record is trimmed by the log time of its own commit, though the next batch is prepared meanwhile', async () => {
  const log = createMemoryLog({ partitions: 1 });
  for (const each of [TOUCH, LATER, CONVERSION, JUMP]) await log.append(0, { kind: 'events', body: encodeEvent(each) });
  const memory = createMemoryStore({ partitions: 1 });
  const direct = memory.speed();
  const nextPrepared = Promise.withResolvers<void>();
  let [loadsOfAna, commits] = [0, 0];
  const worker = PARTS_UNDER_TEST.createWorker({
    log,
    definitions,
    partitions: [0],
    commitId() {
      // Asked for right before the second batch is applied, without a pause between.
      if (++commits === 2) setImmediate(nextPrepared.resolve);
      return `${commits}`;
    },
    limits: { maxEntries: 2, waitMs: 0, maxCachedEvents: 1_000, trimRecordLength: 1 },
    onReset: () => {},
    store: {
      ...direct,
      // The first batch (touch, later) loads ana, then trims the record, and waits there until the second (conversion, jump) is applied.
      async loadRecords(partition, users, maxBytes) {
        if (!users.includes('bob') && ++loadsOfAna === 2) await nextPrepared.promise;
        return direct.loadRecords(partition, users, maxBytes);
      },
      // The second batch is lost: what follows starts from the record as the first one left it.
      commit: (commit) => (commit.id.startsWith('2~') ? Promise.reject(new Error('connection reset')) : direct.commit(commit)),
    },
  });
  for (let round = 0; round < 5; round++) await worker.runOnce();
  await worker.settle();

  const [answer] = await memory.serving().deltas(
    VIEWS.map(({ name }) => name),
    0,
  );
  expect(loadsOfAna).toBeGreaterThan(1);
  expect(commits).toBeGreaterThan(2);
  expect(differences(answer?.rows ?? new Map(), naive([TOUCH, LATER, CONVERSION, JUMP], definitions))).toEqual([]);
});
