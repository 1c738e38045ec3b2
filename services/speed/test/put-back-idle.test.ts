import { TributaryError } from '@tributary/model/errors';
import { encodeEvent } from '@tributary/model/event';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import type { SpeedStore } from '@tributary/store/speed-store';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';

test('a store that was put back while nothing comes is read on again from the log', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  const speed = store.speed();
  const body = (userId: string, id: string) =>
    encodeEvent({ ts: 1_000, type: 'click', id, userId, receivedAt: 1_000, source: 'test' });
  const append = (line: string) => log.append(0, { kind: 'events', body: line });
  let n = 0;
  let nowMs = 0;
  let isDown = false;
  let looks = 0;
  const watched: SpeedStore = {
    ...speed,
    loadRecords(partition, users, maxBytes) {
      if (users.length === 0) looks++;
      if (isDown) return Promise.reject(new TributaryError('store_unavailable', 'down'));
      return speed.loadRecords(partition, users, maxBytes);
    },
  };
  const worker = createSpeedWorker({
    ...{ log, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
    store: watched,
    now: () => nowMs,
    commitId: () => `c${++n}`,
    limits: { waitMs: 0 },
  });
  const run = async () => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  await append(body('ana', '1'));
  await run();
  const copy = store.snapshot(0);
  const last = await append(body('eve', '2'));
  await run();
  expect((await speed.loadState(0))?.position).toBe(last);
  store.restore(0, copy);
  nowMs += 5_000;
  // A store that does not answer is looked at again at once, and reported until then: with a log elsewhere nothing else would say so.
  isDown = true;
  await expect(worker.runOnce()).rejects.toThrow('down');
  await expect(worker.runOnce()).rejects.toThrow('down');
  isDown = false;
  while ((await worker.runOnce()) === 0);
  await run();
  expect((await speed.loadState(0))?.position).toBe(last);
  // As long as nothing comes, the clock says when it is looked at.
  looks = 0;
  for (let i = 0; i < 20; i++) await worker.runOnce();
  expect(looks).toBe(0);
  nowMs += 5_000;
  await worker.runOnce();
  expect(looks).toBe(1);
});
