/**
 * Law 1 of a follower whose looks, whole reads and passes overlap: histories of a store that loses writes and retires generations, views and
 * generations that leave the memory and come back, reads that are slow or fail. Each answer is of one position of each partition, no older than the
 * question, and stays what it was for as long as it is given at all.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { PartitionState } from '@tributary/store/speed-store';
import { commitOf, stateSince } from '@tributary/testkit/contracts/store-under-test';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeltaFollower, type DeltasSnapshot } from '../src/deltas/follower.ts';
import { GENERATION_ZERO } from '../src/generations/loaded.ts';
import { collectionOf } from '../src/merge.ts';

/** More than are read at a time. */
const PARTITIONS = 5;
const VIEWS: readonly View[] = [activity, conversions, touches];
const questionOf = (view: View) =>
  collectionOf(view, { key: 'all', days: { fromDay: null, toDay: null }, map: (parts, own, emit) => emit(parts.join(' '), own) });
const QUESTIONS = new Map(VIEWS.map((view) => [view.name, questionOf(view)]));

/** What was counted in a partition up to a position, by generation. */
type Counted = Map<number, { readonly rows: RowsByView; pending: number; overflowed: number }>;

function historyOf(partitions: number) {
  const store = createMemoryStore({ partitions, feed: { entries: 3, rows: 12 } });
  const [speed, serving] = [store.speed(), store.serving()];
  const counted = new Map<string, Counted>();
  const states = new Map<string, PartitionState | null>();
  /** Positions that each partition had, in the order in which it had them. */
  const had: (string | null)[][] = Array.from({ length: partitions }, () => [null]);
  const saved = new Map<number, { readonly snapshot: unknown; readonly position: string | null }>();
  let made = 0;
  let oldest = 0;
  const nowAt = (partition: number) => had[partition]?.at(-1) ?? null;
  return {
    serving,
    had,
    nowAt,
    async commit(partition: number, key: number, amount: number, { isLarge = false, isBarrier = false } = {}) {
      const before = await speed.loadState(partition);
      const generation = before?.generation ?? 0;
      const position = String(++made).padStart(6, '0');
      const deltas: RowsByView = new Map(
        VIEWS.map((view) => {
          const many = isLarge && view === activity ? 14 : 1;
          const width = view.measures.length;
          const row = (i: number) => [`2026-03-01\ta\t${key + i}`, new Array<number>(width).fill(amount)] as [string, number[]];
          return [view.name, new Map(Array.from({ length: many }, (_, i) => row(i)))];
        }),
      );
      const [pending, overflowed] = [key, amount === 2 ? 1 : 0];
      const next = { position, logIdentity: 'log-1', logTimeMs: made, generation: isBarrier ? generation + 1 : generation };
      expect(
        await speed.commit({
          ...commitOf(before?.position ?? null, position, { deltas, deltasGeneration: generation, pending, overflowed }),
          partition,
          expectedCommit: before?.commitId ?? '',
          next: { ...next, definitions: `${key}` },
        }),
      ).toBe('committed');
      const sums: Counted = structuredClone(counted.get(`${partition} ${nowAt(partition)}`) ?? new Map());
      const own = sums.get(generation) ?? { rows: new Map(), pending: 0, overflowed: 0 };
      sums.set(generation, own);
      own.pending += pending;
      own.overflowed += overflowed;
      for (const [view, rows] of deltas) {
        const into = own.rows.get(view) ?? new Map();
        own.rows.set(view, into);
        for (const [row, measures] of rows)
          into.set(
            row,
            measures.map((measure, i) => Number(measure) + Number(into.get(row)?.[i] ?? 0)),
          );
      }
      counted.set(`${partition} ${position}`, sums);
      states.set(`${partition} ${position}`, (await serving.states())[partition] ?? null);
      had[partition]?.push(position);
    },
    save(partition: number) {
      saved.set(partition, { snapshot: store.snapshot(partition), position: nowAt(partition) });
    },
    lose(partition: number) {
      const known = saved.get(partition);
      if (known === undefined) return;
      store.restore(partition, known.snapshot);
      had[partition]?.push(known.position);
    },
    async retire(generation: number) {
      oldest = Math.max(oldest, generation);
      await serving.retireDeltas(oldest);
    },
    stateAt: (partition: number, position: string | null) => states.get(`${partition} ${position}`) ?? null,
    /** The slow answer at these positions. */
    at(positions: readonly (string | null)[], from: number) {
      const sum = { rows: new Map<string, Rows>(), pending: 0, overflowed: 0 };
      for (const { name } of VIEWS) sum.rows.set(name, new Map());
      for (const [partition, position] of positions.entries())
        for (const [generation, { rows, pending, overflowed }] of counted.get(`${partition} ${position}`) ?? []) {
          if (generation < from) continue;
          sum.pending += pending;
          sum.overflowed += overflowed;
          for (const [view, question] of QUESTIONS) question.addTo(sum.rows.get(view) as Rows, rows.get(view) ?? new Map());
        }
      return sum;
    },
  };
}

const anyPartition = fc.nat(PARTITIONS - 1);
const event = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      partition: anyPartition,
      key: fc.nat(2),
      amount: fc.constantFrom(-1, 1, 2),
      isLarge: fc.constantFrom(false, false, false, true),
      isBarrier: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('poll' as const),
      views: fc.subarray(
        VIEWS.map(({ name }) => name),
        { minLength: 1, maxLength: 2 },
      ),
      from: fc.constantFrom(0, 0, 1, 1, 2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass time' as const), minutes: fc.constantFrom(3, 6, 11, -30) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('save' as const, 'lose' as const), partition: anyPartition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const, 'retire' as const) }) },
);

const LATER = /not in memory|are gone|did not\)|connection reset|given up/;

test('law 1: whatever overlaps, an answer is of one position of each partition, no older than its question, and stays what it was', async () => {
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 10, maxLength: 60 }),
      fc.array(fc.nat(6), { minLength: 1, maxLength: 12 }),
      async (events, delays) => {
        const history = historyOf(PARTITIONS);
        let nowMs = 1e12;
        let waits = 0;
        let fails = 0;
        const someTurns = async () => {
          for (let left = delays[waits++ % delays.length] as number; left > 0; left--) await turn();
        };
        const follower = createDeltaFollower({
          partitions: PARTITIONS,
          now: () => nowMs,
          store: {
            async follow(...asked) {
              const followed = await history.serving.follow(...asked);
              await someTurns();
              return followed;
            },
            async readWhole(...asked) {
              const whole = await history.serving.readWhole(...asked);
              await someTurns();
              if (fails > 0 && fails-- > 0) throw new Error('connection reset');
              return whole;
            },
          },
        });
        // What is remembered of a generation is used again by all who ask.
        const loads = [0, 1, 2].map((generation) => ({ ...GENERATION_ZERO, generation }));
        const given: (() => Promise<void>)[] = [];
        const expectAnswers = async (taken: DeltasSnapshot, views: readonly string[], from: number, since: readonly number[]) => {
          const positions = taken.states.map((state) => state?.position ?? null);
          for (const [of, position] of positions.entries()) {
            expect(history.had[of]?.slice(since[of])).toContain(position);
            expect(stateSince(taken.states[of] ?? null, from)).toEqual(stateSince(history.stateAt(of, position), from));
          }
          const expected = history.at(positions, from);
          expect(taken).toMatchObject({ pending: expected.pending, overflowed: expected.overflowed });
          const loaded = loads[from] as (typeof loads)[number];
          const passes: Promise<unknown>[] = [];
          for (const view of views) {
            const [question, rows] = [QUESTIONS.get(view) as ReturnType<typeof questionOf>, expected.rows.get(view)];
            if (waits % 2 === 0) expect(taken.answer(loaded, question, 'speed')).toEqual(rows);
            const later = async () => {
              expect(await taken.answerInTurns(loaded, question, 'speed', someTurns)).toEqual(rows);
              expect(taken.answer(loaded, question, 'speed')).toEqual(rows);
              answered++;
            };
            const unlessGone = () =>
              later().catch((error: Error) => (LATER.test(error.message) ? undefined : Promise.reject(error)));
            passes.push(unlessGone());
            given.push(unlessGone);
          }
          await Promise.all(passes);
        };
        const polls: Promise<void>[] = [];
        for (const one of events) {
          if (one.kind === 'poll') {
            const { views, from } = one;
            const since = history.had.map((positions) => positions.length - 1);
            polls.push(
              follower.poll(from, views).then(
                (taken) => expectAnswers(taken, views, from, since),
                (error: Error) => expect(error.message).toMatch(LATER),
              ),
            );
          } else if (one.kind === 'wait') for (let left = one.turns; left > 0; left--) await turn();
          else if (one.kind === 'pass time') {
            nowMs += one.minutes * 60_000;
            void follower.keepUp().catch(() => undefined);
          } else if (one.kind === 'save') history.save(one.partition);
          else if (one.kind === 'lose') history.lose(one.partition);
          else if (one.kind === 'retire') await history.retire(1);
          else if (one.kind === 'fail') fails++;
          else if ('key' in one) await history.commit(one.partition, one.key, one.amount, one);
        }
        await Promise.all(polls);
        for (const again of given) await again();
      },
    ),
    { numRuns: 200 },
  );
  expect(answered).toBeGreaterThan(500);
});
