/** Partitions are read whole beside the looks that follow the commits. */
import { setImmediate as turn } from 'node:timers/promises';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeltaFollower } from '../src/deltas/follower.ts';
import { GENERATION_ZERO } from '../src/generations/loaded.ts';
import { projectionOf } from '../src/merge.ts';

const PARTITIONS = 2;
const ALL = { fromDay: null, toDay: null };
const QUESTIONS = {
  conversions: projectionOf(conversions, { days: ALL, equal: {}, by: ['type'] }),
  activity: projectionOf(activity, { days: ALL, equal: {}, by: ['type'] }),
};
type ViewName = keyof typeof QUESTIONS;
const VIEW_NAMES = Object.keys(QUESTIONS) as ViewName[];

/** A store that remembers what was counted at each position of each partition, by generation. */
function storeUnderTest() {
  const store = createMemoryStore({ partitions: PARTITIONS, feed: { entries: 3, rows: 6 } });
  const speed = store.speed();
  let made = 0;
  const counted = new Map<string, ReadonlyMap<number, RowsByView>>();
  const checkpoints = new Map<number, unknown>();
  const now = Array.from({ length: PARTITIONS }, () => new Map<number, RowsByView>());
  const saved = new Map<number, Map<number, RowsByView>>();
  return {
    serving: store.serving(),
    async commit(partition: number, key: number, amount: number, kind: 'commit' | 'large' | 'barrier') {
      const before = await speed.loadState(partition);
      const generation = before?.generation ?? 0;
      const position = String(++made).padStart(6, '0');
      const deltas: RowsByView = new Map([
        ['conversions', new Map([[`2026-03-01\ttype ${key}\tEUR`, [amount, 5]]])],
        ['activity', new Map([[`2026-03-01\ttype ${key}`, [amount]]])],
      ]);
      if (kind === 'large')
        for (let row = 0; row < 10; row++) (deltas.get('activity') as Rows).set(`2026-03-01\tmany ${row}`, [1]);
      const next = kind === 'barrier' ? generation + 1 : generation;
      expect(
        await speed.commit({
          ...commitOf(before?.position ?? null, position, { deltas, deltasGeneration: generation }),
          partition,
          expectedCommit: before?.commitId ?? '',
          next: { position, logIdentity: 'log-1', logTimeMs: 1, generation: next, definitions: '{}' },
        }),
      ).toBe('committed');
      const sums = structuredClone(now[partition] as Map<number, RowsByView>);
      const own = sums.get(generation) ?? new Map();
      sums.set(generation, own);
      for (const [view, rows] of deltas) {
        const into = own.get(view) ?? new Map();
        own.set(view, into);
        for (const [row, measures] of rows)
          into.set(
            row,
            measures.map((measure, i) => Number(measure) + Number(into.get(row)?.[i] ?? 0)),
          );
      }
      now[partition] = sums;
      counted.set(`${partition} ${position}`, sums);
    },
    save(partition: number) {
      checkpoints.set(partition, store.snapshot(partition));
      saved.set(partition, structuredClone(now[partition] as Map<number, RowsByView>));
    },
    lose(partition: number) {
      const snapshot = checkpoints.get(partition);
      if (snapshot === undefined) return;
      store.restore(partition, snapshot);
      now[partition] = structuredClone(saved.get(partition) as Map<number, RowsByView>);
    },
    /** The slow answer over what was counted at these positions. */
    expected(view: ViewName, from: number, positions: readonly (string | null | undefined)[]): Rows {
      const sum: Rows = new Map();
      for (const [partition, position] of positions.entries())
        for (const [generation, byView] of counted.get(`${partition} ${position}`) ?? [])
          if (generation >= from) QUESTIONS[view].addTo(sum, byView.get(view) ?? new Map());
      return sum;
    },
  };
}

const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('commit' as const, 'commit' as const, 'commit' as const, 'large' as const, 'barrier' as const),
      partition: fc.nat(PARTITIONS - 1),
      key: fc.nat(3),
      amount: fc.constantFrom(-1, 1, 2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('poll' as const),
      views: fc.subarray(VIEW_NAMES, { minLength: 1 }),
      from: fc.nat(2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass time' as const), minutes: fc.constantFrom(0, 0, 6) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('save' as const, 'lose' as const), partition: fc.nat(PARTITIONS - 1) }),
  },
);

test('law 1: whatever is committed, lost and asked for while partitions are read whole, each answer is of one position of each', async () => {
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 5, maxLength: 40 }),
      fc.array(fc.nat(6), { minLength: 1, maxLength: 10 }),
      async (events, delays) => {
        const under = storeUnderTest();
        let nowMs = 0;
        let reads = 0;
        const wait = async () => {
          for (let left = delays[reads++ % delays.length] as number; left > 0; left--) await turn();
        };
        const follower = createDeltaFollower({
          partitions: PARTITIONS,
          now: () => nowMs,
          store: {
            async follow(...asked) {
              await turn();
              return under.serving.follow(...asked);
            },
            async readWhole(...asked) {
              const read = await under.serving.readWhole(...asked);
              await wait();
              return read;
            },
          },
        });
        const polls: Promise<void>[] = [];
        for (const one of events) {
          if (one.kind === 'poll') {
            const { views, from } = one;
            const loaded = { ...GENERATION_ZERO, generation: from };
            polls.push(
              follower.poll(from, views).then(
                async (taken) => {
                  const positions = taken.states.map((state) => state?.position);
                  for (const view of views) {
                    const expected = under.expected(view, from, positions);
                    expect(taken.answer(loaded, QUESTIONS[view], 'speed')).toEqual(expected);
                    answered++;
                    // Later on it is the answer of then, or none.
                    for (let turns = 0; turns < 5; turns++) await turn();
                    const later = () => taken.answerInTurns(loaded, QUESTIONS[view], 'speed', turn);
                    const again = await later().catch((error: Error) => {
                      expect(error.message).toMatch(/not in memory/);
                      return expected;
                    });
                    expect(again).toEqual(expected);
                  }
                },
                (error: Error) => expect(error.message).toMatch(/did not\)/),
              ),
            );
          } else if (one.kind === 'pass time') {
            nowMs += one.minutes * 60_000;
            for (let turns = 0; turns < 3; turns++) await turn();
            await follower.keepUp().catch(() => undefined);
          } else if (one.kind === 'save') under.save(one.partition);
          else if (one.kind === 'lose') under.lose(one.partition);
          else if ('key' in one) await under.commit(one.partition, one.key, one.amount, one.kind);
        }
        await Promise.all(polls);
      },
    ),
    { numRuns: 400 },
  );
  expect(answered).toBeGreaterThan(1_000);
});

test('law 7: who asks for what is held does not wait while another view is read whole, and is given what is new', async () => {
  const under = storeUnderTest();
  const late = Promise.withResolvers<void>();
  const asked: (readonly string[])[] = [];
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => 0,
    store: {
      ...under.serving,
      async readWhole(partitions, views, ...more) {
        asked.push(views);
        const read = await under.serving.readWhole(partitions, views, ...more);
        if (asked.length > 1) await late.promise;
        return read;
      },
    },
  });
  const answerOf = async (view: ViewName) =>
    (await follower.poll(0, [view])).answer(GENERATION_ZERO, QUESTIONS[view], 'speed').get('type 0');
  await under.commit(0, 0, 1, 'commit');
  expect(await answerOf('activity')).toEqual([1]);
  const other = answerOf('conversions');
  for (let count = 2; count < 12; count++) {
    await under.commit(0, 0, 1, 'commit');
    expect(await answerOf('activity')).toEqual([count]);
  }
  late.resolve();
  expect(await other).toEqual([11, 55]);
  // What is held was not read again, but for the gap: the feed has three commits, and what was read was of the first.
  expect(asked[1]).toEqual(['conversions']);
});

test('law 1: a view that joins what is held has what was committed while it was read', async () => {
  const under = storeUnderTest();
  const asked: (readonly string[])[] = [];
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => 0,
    store: {
      ...under.serving,
      async readWhole(partitions, views, ...more) {
        asked.push(views);
        const read = await under.serving.readWhole(partitions, views, ...more);
        if (asked.length === 2) {
          await under.commit(0, 0, 1, 'commit');
          await follower.keepUp();
          await under.commit(0, 0, 1, 'commit');
        }
        return read;
      },
    },
  });
  await under.commit(0, 0, 1, 'commit');
  await follower.poll(0, ['activity']);
  const taken = await follower.poll(0, ['activity', 'conversions']);
  expect(taken.answer(GENERATION_ZERO, QUESTIONS.activity, 'speed').get('type 0')).toEqual([3]);
  expect(taken.answer(GENERATION_ZERO, QUESTIONS.conversions, 'speed').get('type 0')).toEqual([3, 15]);
  expect(asked).toEqual([['activity'], ['conversions']]);
});

/** A follower whose whole reads wait in `readings`, and what it answers beside what was counted at its positions. */
function followerOf(
  under: ReturnType<typeof storeUnderTest>,
  whileReading: (reading: number) => Promise<void>,
  beforeReply: () => Promise<void> = async () => {},
) {
  let readings = 0;
  const clock = { nowMs: 0 };
  const follower = createDeltaFollower({
    partitions: PARTITIONS,
    now: () => clock.nowMs,
    store: {
      async follow(...asked) {
        const followed = await under.serving.follow(...asked);
        await beforeReply();
        return followed;
      },
      async readWhole(...asked) {
        const read = await under.serving.readWhole(...asked);
        await whileReading(++readings);
        return read;
      },
    },
  });
  const expectExact = async (views: readonly ViewName[]) => {
    const taken = await follower.poll(0, views);
    const positions = taken.states.map((state) => state?.position);
    for (const view of views)
      expect(taken.answer(GENERATION_ZERO, QUESTIONS[view], 'speed')).toEqual(under.expected(view, 0, positions));
  };
  /** Others ask for `activity`, at each turn. */
  const asksMeanwhile = (turns: number, after = 0) => {
    void (async () => {
      for (let left = after; left > 0; left--) await turn();
      for (let left = turns; left > 0; left--) {
        void follower.poll(0, ['activity']).catch(() => undefined);
        await turn();
      }
    })();
  };
  return { follower, clock, expectExact, asksMeanwhile };
}

test('law 1: a view that was read of one history does not join what is held of another', async () => {
  const under = storeUnderTest();
  await under.commit(0, 0, 1, 'commit');
  const { follower, expectExact } = followerOf(under, async (reading) => {
    if (reading !== 2) return;
    under.save(0);
    await under.commit(0, 1, 2, 'commit');
    await follower.keepUp();
    under.lose(0);
    await under.commit(0, 2, 1, 'commit');
    await under.commit(0, 3, 1, 'commit');
  });
  await follower.poll(0, ['activity']);
  await expectExact(VIEW_NAMES);
});

test('law 7: a view that was not asked for of late, while it was read, does not join without its commits', async () => {
  for (let turns = 1; turns < 8; turns++) {
    const under = storeUnderTest();
    await under.commit(0, 0, 1, 'commit');
    const { follower, clock, expectExact, asksMeanwhile } = followerOf(under, async (reading) => {
      if (reading !== 2) return;
      clock.nowMs += 11 * 60_000;
      await under.commit(0, 0, 1, 'commit');
      asksMeanwhile(turns);
    });
    await follower.poll(0, ['activity']);
    await expectExact(VIEW_NAMES);
  }
});

test('law 1: a partition is not replaced by what it was compared with before rows left the memory', async () => {
  for (let after = 0; after < 6; after++) {
    const under = storeUnderTest();
    await under.commit(0, 0, 1, 'commit');
    const { clock, expectExact, asksMeanwhile } = followerOf(under, async (reading) => {
      if (reading !== 2) return;
      clock.nowMs += 11 * 60_000;
      asksMeanwhile(2, after);
    });
    await expectExact(VIEW_NAMES);
    // More than the feed has.
    await under.commit(0, 0, 1, 'large');
    await under.commit(1, 0, 1, 'large');
    await expectExact(VIEW_NAMES);
    await expectExact(VIEW_NAMES);
  }
});

test('law 1: a partition is not replaced by what it was compared with before a look that was under way has added to it', async () => {
  const under = storeUnderTest();
  await under.commit(0, 0, 1, 'commit');
  let turnsOfReply = 0;
  const { follower, expectExact } = followerOf(
    under,
    async (reading) => {
      if (reading !== 2) return;
      // The store loses what the feed did not reach back to: what is held can be followed again.
      under.lose(0);
      await under.commit(0, 3, 1, 'commit');
      turnsOfReply = 20;
      void follower.keepUp();
    },
    async () => {
      for (; turnsOfReply > 0; turnsOfReply--) await turn();
    },
  );
  await expectExact(VIEW_NAMES);
  under.save(0);
  for (let commits = 0; commits < 5; commits++) await under.commit(0, 1, 1, 'commit');
  await expectExact(VIEW_NAMES);
  await expectExact(VIEW_NAMES);
});
