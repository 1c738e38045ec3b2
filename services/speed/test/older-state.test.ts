/** A worker of this version takes over what one before it stored: its definitions hold until a barrier brings others. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { byFirstRules, definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const NEWEST = definitionsOf(SMALL_DEFINITIONS);
const FIRST = byFirstRules(NEWEST);
const TS = 1_794_650_000_000;
const event = (id: string, type: string, more: Partial<Event> = {}): Event => ({
  ts: TS,
  type,
  id,
  userId: 'ana',
  receivedAt: TS,
  source: 'test',
  ...more,
});

test('law 1: a worker that takes over an older state goes on by the rules of that state', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const apply = async (definitions: typeof NEWEST, events: readonly Event[]) => {
    await log.append(0, { kind: 'events', body: events.map(encodeEvent).join('\n') });
    const worker = createSpeedWorker({
      log,
      store: store.speed(),
      definitions,
      partitions: [0],
      sha256Hex,
      digestOf: sha256Hex,
      commitId: () => `c${++commits}`,
      limits: { waitMs: 0 },
    });
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  // The ids of the purchases sort before that of the click of their instant.
  const before = [event('a', 'buy', { value: 100 }), event('c', 'click', { channel: 'search' })];
  const after = [event('b', 'buy', { value: 7 }), event('d', 'mail', { ts: TS - 3_600_000 })];
  await apply(FIRST, before);
  await apply(NEWEST, after);
  const names = VIEWS.map(({ name }) => name);
  const [deltas] = await store.serving().deltas(names, 0);
  const all = [...before, ...after];
  expect(differences(deltas?.rows as RowsByView, naive(all, FIRST))).toEqual([]);
  expect(differences(naive(all, NEWEST), naive(all, FIRST))).not.toEqual([]);
});
