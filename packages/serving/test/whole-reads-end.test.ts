/** How long a whole read goes on, and how much of it comes at a turn. */
import type { WholePartition } from '@tributary/store/serving-store';
import type { Rows } from '@tributary/views/deltas';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { differencesOf } from '../src/deltas/differences.ts';
import { createDeltaFollower } from '../src/deltas/follower.ts';
import { createHeldRows } from '../src/deltas/held-rows.ts';

const whole = (partition: number): WholePartition => ({
  partition,
  cursor: { commitId: '', commits: 0 },
  state: null,
  generations: new Map(),
});

type ReadWhole = Parameters<typeof createDeltaFollower>[0]['store']['readWhole'];

function followerOf(readWhole: ReadWhole) {
  const follow = async () => [0, 1].map((partition) => ({ partition, oldest: 0, commits: 'gap' as const }));
  return createDeltaFollower({ partitions: 2, store: { follow, readWhole }, now: () => 0 });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('law 7: a read that goes on and on is given up after a minute, and stops at its next page', async () => {
  let pages = 0;
  const ended = Promise.withResolvers<Error>();
  const follower = followerOf(async (_partitions, _views, _from, pause) => {
    try {
      for (; ; pages++) {
        vi.advanceTimersByTime(1_000);
        await pause?.();
        if (pages > 200) throw new Error('it was not stopped');
      }
    } catch (error) {
      ended.resolve(error as Error);
      throw error;
    }
  });
  await expect(follower.poll(0, ['activity'])).rejects.toThrow('the deltas could not be read whole within 60 s');
  expect((await ended.promise).message).toMatch('within 60 s');
  // A page a second: none of them was late.
  expect(pages).toBe(59);
});

test('law 7: partitions that a whole read leaves out are not taken for empty ones', async () => {
  const follower = followerOf(async () => [whole(0)]);
  await expect(follower.poll(0, ['activity'])).rejects.toThrow('partition 1 of 2 did not answer with its deltas');
});

test('law 7: what differs is found some thousand rows at a turn, whichever side has them', async () => {
  const many = (first: number): Rows => new Map(Array.from({ length: 20_000 }, (_, i) => [`row ${first + i}`, [1]]));
  const generationOf = (rows: Rows) => ({ rows: new Map([['activity', rows]]), pending: 0, overflowed: 0 });
  const waiting = createHeldRows(many(0));
  waiting.pass();
  waiting.add(many(30_000));
  const before = { generations: new Map([[0, { views: new Map([['activity', waiting]]), pending: 0, overflowed: 0 }]]) };
  let turns = 0;
  const goOn = async () => void turns++;
  const found = await differencesOf(before, { ...whole(0), generations: new Map([[0, generationOf(many(10_000))]]) }, goOn);
  // 10 000 rows are new, 10 000 gone, and 20 000 were waiting.
  expect(found.get(0)?.get('activity')?.size).toBe(40_000);
  expect(turns).toBe(Math.floor(60_000 / 4_096));
});
