/** Definitions that join keys come to one partition after the other: barriers are appended one by one, and a run may die between them. */
import { gapsInFlight } from '@tributary/serving/freshness/in-flight';
import { onceJoined } from '@tributary/speed/messages/once-joined';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { APART, keyIn, PARTITIONS, writesInto } from '@tributary/testkit/inputs/joined-keys';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';

test('laws 1 and 7: a message waits for the partitions whose barrier is missing, and then moves events as any does', async () => {
  const log = createMemoryLog({ partitions: 2 });
  const store = createMemoryStore({ partitions: 2 });
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, store: store.speed(), definitions: APART, partitions: PARTITIONS, sha256Hex, digestOf: sha256Hex },
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0 },
  });
  const states = () => store.serving().states();
  const relay = onceJoined(relayLog(log), async () => (await states()).map((state) => state?.definitions ?? null));
  const outbox = store.outbox(undefined, 'messages');
  const work = async () => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  /** Until nothing moves. */
  const relayAll = async () => {
    for (let isMore = true; isMore; ) {
      await work();
      isMore = false;
      for (const partition of PARTITIONS) {
        const { from, lines } = await outbox.read(partition, 100);
        if (lines.length === 0) continue;
        await relay.append(partition, { kind: 'events', body: lines.join('\n') });
        await outbox.remove(partition, from + lines.length);
        isMore = true;
      }
    }
  };
  const { say, barrier } = writesInto(log);
  const [ada, cookie] = [keyIn(0, 'ada'), keyIn(1, 'cookie')];

  await say(1, { anonymousId: cookie });
  await barrier(0);
  await say(0, { type: 'identify', userId: ada, anonymousId: cookie });
  await expect(relayAll()).rejects.toThrow('partition 1 does not join keys yet');
  await barrier(1);
  await relayAll();
  expect(gapsInFlight(await states())).toEqual([]);
  // From its generation on the click counts for its user, in their partition.
  const activity = await store.serving().deltas(['activity'], 1);
  const rows = activity.flatMap(({ partition, rows: of }) =>
    [...(of.get('activity') ?? [])].map(([key, sums]) => [partition, key.split('\t')[1], sums[0]]),
  );
  expect(rows).toEqual([
    [0, 'identify', 1],
    [0, 'click', 1],
    [1, 'click', -1],
  ]);
});
