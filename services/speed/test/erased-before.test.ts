/** A speed layer that begins from nothing, over a log and an archive that no longer have the record of an erasure. */
import { encodeEvent } from '@tributary/model/event';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';

test('law 9: what comes of a user is refused from the first entry on where archived files lack the record, until a lift', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  const speed = store.speed();
  let asked = 0;
  const worker = createSpeedWorker({
    log,
    store: speed,
    definitions: definitionsOf(SMALL_DEFINITIONS),
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    erasedBefore: async (partition) => {
      asked += partition + 1;
      return [sha256Hex('ana')];
    },
    commitId: () => `c${Math.random()}`,
    limits: { waitMs: 0 },
  });
  const body = (userId: string, id: string, type = 'click', source = 'test') =>
    encodeEvent({ ts: 1_000, type, id, userId, receivedAt: 1_000, source });
  const records = async () => (await speed.loadRecords(0, ['ana', 'eve'], 1e6)).records.map((record) => record !== null);
  const append = async (...lines: string[]) => {
    await log.append(0, { kind: 'events', body: lines.join('\n') });
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  await append(body('ana', '1'), body('eve', '1'));
  expect(await records()).toEqual([false, true]);
  expect((await speed.loadState(0))?.erased).toEqual([sha256Hex('ana')]);
  await append(body('ana', 'lift', 'tributary.lift', 'tributary'), body('ana', '2'));
  expect(await records()).toEqual([true, true]);
  expect((await speed.loadState(0))?.erased).toEqual([]);
  expect(asked).toBe(1);
});
