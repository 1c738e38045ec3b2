/** Partitions whose feed never reaches back: a worker catches up, and others look for commits all the time. */
import { setImmediate as turn } from 'node:timers/promises';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { conversions } from '@tributary/views/conversions/fold';
import { expect, test } from 'vitest';
import { createDeltaFollower } from '../src/deltas/follower.ts';
import { GENERATION_ZERO } from '../src/generations/loaded.ts';
import { projectionOf } from '../src/merge.ts';

const PARTITIONS = 16;
const TOTAL = projectionOf(conversions, { days: { fromDay: null, toDay: null }, equal: {}, by: [] });

test('law 7: each partition is read whole once for who waits, though all are behind again before the last was read', async () => {
  const store = createMemoryStore({ partitions: PARTITIONS, feed: { entries: 0, rows: 0 } });
  const [speed, serving] = [store.speed(), store.serving()];
  let commits = 0;
  const commitToAll = async () => {
    const before = commits === 0 ? null : String(commits).padStart(4, '0');
    const position = String(++commits).padStart(4, '0');
    for (let partition = 0; partition < PARTITIONS; partition++)
      expect(await speed.commit({ ...commitOf(before, position), partition })).toBe('committed');
  };
  const read: number[] = [];
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => 0,
    store: {
      follow: (...asked) => serving.follow(...asked),
      async readWhole(partitions, ...asked) {
        if (read.length > 10 * PARTITIONS) throw new Error('it is read without an end');
        read.push(...partitions);
        const whole = await serving.readWhole(partitions, ...asked);
        await commitToAll();
        for (let turns = 0; turns < 10; turns++) {
          void follower.keepUp();
          await turn();
        }
        return whole;
      },
    },
  });
  await commitToAll();
  for (let asked = 1; asked <= 3; asked++) {
    const least = commits;
    const taken = await follower.poll(0, ['conversions']);
    const counted = Number(taken.answer(GENERATION_ZERO, TOTAL, 'speed').get('')?.[0]);
    expect(counted).toBe(taken.states.reduce((sum, state) => sum + Number(state?.position), 0));
    for (const state of taken.states) expect(Number(state?.position)).toBeGreaterThanOrEqual(least);
    expect(read.length).toBeLessThanOrEqual(2 * PARTITIONS * asked);
  }
});
