/** Law 7: loading a generation and looking at the log do not wait for each other, or answers would lack what nothing lacks. */
import { setImmediate as turn } from 'node:timers/promises';
import { createServing, keepUpToDate } from '@tributary/serving/serving';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { conversions } from '@tributary/views/conversions/fold';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWorld, event } from './world.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** Generation 1 is served, and what answers are made of is kept up to date; `hold` keeps a poll from ending. */
async function keptUpToDate() {
  const world = await createWorld();
  await world.ingest(event({ type: 'purchase', value: 100, currency: 'EUR' }));
  await world.cut(1);
  await world.publish(1);
  const asked = { publications: 0, ends: 0 };
  const held: { hold: Promise<void> | null } = { hold: null };
  const { source, logReach } = world.deps;
  const serving = createServing({
    ...world.deps,
    source: {
      ...source,
      publication: () => {
        asked.publications++;
        return source.publication();
      },
    },
    logReach: {
      ...logReach,
      ends: async () => {
        asked.ends++;
        await held.hold;
        return logReach.ends();
      },
    },
  });
  const stop = keepUpToDate(serving);
  /** Everything is in memory: what a second begins, and nothing holds up, is over with the turn. */
  async function pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      world.advance(1_000);
      vi.advanceTimersByTime(1_000);
      await turn();
    }
  }
  async function meta() {
    const { generation, complete, warnings } = (await takeSnapshot(serving, [conversions], 'merged')).meta();
    return { generation, complete, warnings };
  }
  // What a start begins one after the other is over with this turn.
  await turn();
  await pass(1);
  expect(await meta()).toEqual({ generation: 1, complete: true, warnings: [] });
  return { world, serving, asked, held, pass, meta, stop };
}

test('law 7: an older generation is complete while a newer one loads, however long that takes', async () => {
  const { world, asked, pass, meta, stop } = await keptUpToDate();
  await world.cut(2);
  const load = Promise.withResolvers<void>();
  world.holdLoads(load.promise);
  await world.publish(2);
  await pass(1);
  const before = { ...asked };
  for (let second = 0; second < 60; second++) {
    await pass(1);
    expect(await meta()).toEqual({ generation: 1, complete: true, warnings: [] });
  }
  expect(asked).toEqual({ publications: before.publications, ends: before.ends + 60 });
  load.resolve();
  await turn();
  await pass(1);
  expect(await meta()).toEqual({ generation: 2, complete: true, warnings: [] });
  stop();
  await pass(5);
  expect(asked).toEqual({ publications: before.publications + 1, ends: before.ends + 61 });
});

test('law 7: a newer generation is loaded while the log does not answer, which is asked once and reported', async () => {
  const { world, serving, asked, held, pass, meta, stop } = await keptUpToDate();
  const hold = Promise.withResolvers<void>();
  held.hold = hold.promise;
  const before = asked.ends;
  await pass(1);
  await world.cut(2);
  // Only the publication names it, no pointer: a request alone would not begin to load it.
  await world.publish(2, false);
  await pass(1);
  expect(serving.generations.current().served).toBe(2);
  await pass(20);
  expect(asked.ends).toBe(before + 1);
  expect(await meta()).toMatchObject({ generation: 2, complete: false });
  held.hold = null;
  hold.resolve();
  await turn();
  await pass(1);
  expect(await meta()).toEqual({ generation: 2, complete: true, warnings: [] });
  expect(asked.ends).toBe(before + 2);
  stop();
});

test('the first question after a start finds the deltas in memory; a store that does not answer then is asked again', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'purchase', value: 100, currency: 'EUR' }));
  await world.cut(1);
  await world.publish(1);
  await world.ingest(event({ type: 'purchase', value: 200, currency: 'EUR' }));
  const { store } = world.deps;
  const read = { whole: 0 };
  let isDown = false;
  const serving = () =>
    createServing({
      ...world.deps,
      store: {
        ...store,
        readWhole: (...asked) => {
          read.whole++;
          return isDown ? Promise.reject(new Error('down')) : store.readWhole(...asked);
        },
      },
    });
  const warm = serving();
  const stop = keepUpToDate(warm, [conversions]);
  await vi.waitFor(() => expect(warm.deltas.held(1, [conversions.name])).not.toBeNull());
  const atStart = read.whole;
  expect(atStart).toBeGreaterThan(0);
  const { complete, generation } = (await takeSnapshot(warm, [conversions], 'merged')).meta();
  expect({ complete, generation, whole: read.whole }).toEqual({ complete: true, generation: 1, whole: atStart });
  stop();

  isDown = true;
  const cold = serving();
  const stopCold = keepUpToDate(cold, [conversions]);
  await vi.waitFor(() => expect(read.whole).toBeGreaterThan(atStart));
  isDown = false;
  expect((await takeSnapshot(cold, [conversions], 'merged')).meta()).toMatchObject({ complete: true, generation: 1 });
  stopCold();
});
