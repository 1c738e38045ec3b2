import { type Event, encodeEvent } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory-store';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const TS = 1_794_650_000_000;
const line = (userId: string, id: string, more: Partial<Event> = {}) =>
  encodeEvent({ ts: TS, type: 'click', id, userId, receivedAt: TS, source: 'test', ...more });

/** Two users, what cannot be applied, two users more; then many turns. */
async function drive(poison: { kind: 'events' | 'barrier'; body: string }) {
  const log = createMemoryLog({ partitions: 1 });
  const events = (body: string) => log.append(0, { kind: 'events', body });
  await events(line('a', '1'));
  await events(line('b', '2'));
  await log.append(0, poison);
  await events(line('c', '3'));
  await events(line('d', '4'));
  const store = createMemoryStore({ partitions: 1 });
  const resets: string[] = [];
  let commits = 0;
  const worker = createSpeedWorker({
    log,
    store: store.speed(),
    definitions: definitionsOf(SMALL_DEFINITIONS),
    partitions: [0],
    sha256Hex,
    commitId: () => `${++commits}`,
    limits: { maxEntries: 3, waitMs: 0 },
    onReset: (_, why) => resets.push(String(why)),
  });
  for (let turn = 0; turn < 12; turn++) await worker.runOnce();
  await worker.settle();
  return { state: await store.speed().loadState(0), resets };
}

test('law 7: a batch that cannot be applied is tried again and told, never passed over: sums beyond the safe integers', async () => {
  const body = Array.from({ length: 9_100 }, (_, i) =>
    line(`u${i % 50}`, `x${i}`, { type: 'buy', value: 1_000_000_000_000, currency: 'EUR' }),
  ).join('\n');
  const { state, resets } = await drive({ kind: 'events', body });
  expect(state).toBeNull();
  expect(resets.length).toBeGreaterThan(1);
  expect(resets[0]).toContain('left the safe integers');
});

test('law 7: the same of a barrier whose definitions this version cannot read', async () => {
  const { state, resets } = await drive({ kind: 'barrier', body: '{"generation":1,"definitions":"{\\"brandNewKey\\":1}"}' });
  expect(state).toBeNull();
  expect(resets.length).toBeGreaterThan(1);
  expect(resets[0]).toContain('brandNewKey');
});
