/** A run that is asked for because many late events are pending. */
import { createGeneration, readGeneration, writeGeneration } from '@tributary/archive/generations';
import { HOUR_MS } from '@tributary/model/time';
import { requestWhere, watchPending } from '@tributary/recompute/watch/pending-events';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let asked: number[];
beforeEach(async () => {
  world = await createWorld(definitionsOf(SMALL_DEFINITIONS));
  asked = [];
});
afterEach(() => world.close());

const watch = (runAtPending: number) => ({
  dataDir: world.dataDir,
  serving: world.serving,
  runAtPending,
  request: async (pending: number) => asked.push(pending) > 0,
  onRequested: () => {},
  onError: (error: unknown) => expect.fail(String(error)),
});

/** Three events that come too late. */
async function late(round: number): Promise<void> {
  const sent = [event(`now-${round}`, 90, 'click'), ...[1, 2, 3].map((i) => event(`late-${round}-${i}`, i, 'click'))];
  await world.ingest(sent.map((one) => ({ ...one, receivedAt: NOON_MS + 90 * HOUR_MS })));
  await world.turn();
}

test('law 8: a run is asked for once as many late events are pending, and no more once a generation counts them', async () => {
  await world.ingest([event('first', 0, 'click')]);
  await world.run();
  await requestWhere(watch(3));
  expect(asked).toEqual([]);
  await late(1);
  await requestWhere(watch(4));
  expect(asked).toEqual([]);
  await requestWhere(watch(3));
  expect(asked).toEqual([3]);
  await world.run();
  await requestWhere(watch(3));
  expect(asked).toEqual([3]);
});

test('while a rollback holds, what a computed generation counts is not asked for again and again', async () => {
  for (const round of [1, 2]) {
    await late(round);
    await world.run();
  }
  await world.publishByHand('rollback', 1);
  await late(3);
  await requestWhere(watch(3));
  expect(asked).toEqual([3]);
  await expect(world.run()).resolves.toMatchObject({ published: 'held' });
  await requestWhere(watch(3));
  expect(asked).toEqual([3]);
});

test('law 8: behind any number of runs that failed, events are not pending that a computed generation counts', async () => {
  await late(1);
  await world.run();
  const { generation: _, ...computed } = await readGeneration(world.dataDir, 1);
  for (let runs = 0; runs < 60; runs++) {
    const begun = await createGeneration(world.dataDir, { ...computed, state: 'pending' });
    await writeGeneration(world.dataDir, { ...begun, state: 'failed' });
  }
  await requestWhere(watch(1));
  expect(asked).toEqual([]);
  await late(2);
  await requestWhere(watch(1));
  expect(asked).toEqual([3]);
});

test('it looks again and again until it is stopped; with 0 it never does', async () => {
  await late(1);
  const stopped = new AbortController();
  watchPending(watch(0), stopped.signal, 1);
  const asking = Promise.withResolvers<void>();
  const request = async (pending: number) => {
    if (asked.push(pending) === 2) asking.resolve();
    return false;
  };
  watchPending({ ...watch(3), request }, stopped.signal, 1);
  await asking.promise;
  stopped.abort();
  expect(asked.slice(0, 2)).toEqual([3, 3]);
});
