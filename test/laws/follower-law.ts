/** Law 1 of the follower, over random histories of a store: every question, at any time, gets what a fresh full read gives. */
import type { GenerationManifest } from '@tributary/archive/layout';
import { createDeltaFollower, type DeltasSnapshot } from '@tributary/serving/deltas/follower';
import { type LoadedGeneration, loadedGeneration } from '@tributary/serving/generations/loaded';
import { collectionOf, type Layers, projectionOf, type Question } from '@tributary/serving/merge';
import { turn } from '@tributary/serving/rows-in-turns';
import type { PartitionDeltas } from '@tributary/store/serving-store';
import type { PartitionState } from '@tributary/store/speed-store';
import { HISTORY_PARTITIONS, playHistory, storeHistory, viewsOf } from '@tributary/testkit/contracts/store-history';
import { type StoreUnderTest, stateSince } from '@tributary/testkit/contracts/store-under-test';
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { expect } from 'vitest';

const ALL_DAYS = { fromDay: null, toDay: null };

const QUESTIONS: readonly Question[] = [
  projectionOf(activity, { days: ALL_DAYS, equal: {}, by: ['day', 'type'] }),
  projectionOf(activity, { days: ALL_DAYS, equal: {}, by: [] }),
  projectionOf(conversions, { days: { fromDay: '2026-03-02', toDay: '2026-03-04' }, equal: {}, by: ['type', 'currency'] }),
  projectionOf(conversions, { days: ALL_DAYS, equal: { type: 'búy' }, by: ['day'] }),
  collectionOf(conversions, {
    key: 'value by type, each letter',
    days: { fromDay: null, toDay: '2026-03-03' },
    map: ([, type = ''], [, valueMinor = 0], emit) => {
      for (const letter of type) emit(letter, [valueMinor]);
    },
  }),
];

/** view(g): some rows of its own, so that sums with deltas vanish at times. */
function viewOf(generation: number): RowsByView {
  return new Map([
    ['activity', new Map([['2026-03-01\tbúy', [generation + 1]]])],
    [
      'conversions',
      new Map([
        ['2026-03-02\tbúy\tEUR', [1, 4_000_000_000]],
        ['2026-03-03\tvisit\tEUR', [generation, -generation * 4_000_000_000]],
      ]),
    ],
  ]);
}

/** Reads all rows. */
function naiveAnswer(question: Question, generation: number, partitions: readonly PartitionDeltas[], layers: Layers): Rows {
  const answer: Rows = new Map();
  const of = (rows: RowsByView) => question.addTo(answer, rows.get(question.view.name) ?? new Map());
  if (layers !== 'speed') of(viewOf(generation));
  if (layers !== 'batch') for (const { rows } of partitions) of(rows);
  return answer;
}

interface Given {
  readonly taken: DeltasSnapshot;
  readonly loaded: LoadedGeneration;
  readonly question: Question;
  readonly layers: Layers;
  readonly rows: Rows;
  readonly expected: Rows;
  readonly byPartition: readonly Rows[];
}

export async function expectFollowerLaw(make: () => Promise<StoreUnderTest>, numRuns: number): Promise<void> {
  const layers = fc.array(fc.constantFrom<Layers>('merged', 'speed', 'batch'), { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(storeHistory, layers, async (history, layersByQuestion) => {
      const store = await make();
      const { serving } = store;
      let fails = false;
      const failing: typeof serving = {
        ...serving,
        readWhole: (...question) => (fails ? Promise.reject(new Error('connection reset')) : serving.readWhole(...question)),
      };
      const followers = [0, 1, 2].map((minutes) => {
        let nowMs = 0;
        const follower = createDeltaFollower({ partitions: HISTORY_PARTITIONS, store: failing, now: () => nowMs });
        return {
          poll(...wanted: Parameters<typeof follower.poll>) {
            // The last of them finds that what was asked before was long ago, at every second poll or so.
            nowMs += minutes === 2 ? 6 * 60_000 : 0;
            return follower.poll(...wanted);
          },
        };
      });
      const loads = new Map<number, Promise<LoadedGeneration>>();
      const given: Given[] = [];
      let asked = 0;
      await playHistory(store, history, async (event, generation) => {
        const follower = followers[event.follower] as (typeof followers)[number];
        const views = viewsOf(event);
        const fresh = await serving.deltas(views, generation).catch(() => null);
        fails = event.fails;
        const taken = await follower.poll(generation, views).catch(() => null);
        if (!fails) expect(taken === null).toBe(fresh === null);
        fails = false;
        if (taken === null || fresh === null) return;
        const since = (state: PartitionState | null) => stateSince(state, generation);
        expect(taken.states.map(since)).toEqual(fresh.map(({ state }) => since(state)));
        for (const waiting of ['pending', 'overflowed'] as const)
          expect(taken[waiting]).toBe(fresh.reduce((sum, partition) => sum + partition[waiting], 0));
        if (!loads.has(generation))
          loads.set(generation, loadedGeneration(generation, { generation } as GenerationManifest, viewOf(generation)));
        const loaded = (await loads.get(generation)) as LoadedGeneration;
        for (const question of QUESTIONS.filter(({ view }) => views.includes(view.name))) {
          const of = layersByQuestion[asked++ % layersByQuestion.length] as Layers;
          const expected = naiveAnswer(question, generation, fresh, of);
          // Every third is asked only later, when the follower has gone on.
          const rows = asked % 3 === 0 ? expected : taken.answer(loaded, question, of);
          expect(rows).toEqual(expected);
          if (asked % 3 === 1) expect(taken.answer(loaded, question, of)).toBe(rows);
          const byPartition = fresh.map((partition) => naiveAnswer(question, generation, [partition], 'speed'));
          if (asked % 3 !== 0)
            for (const [partition, own] of byPartition.entries())
              expect(await taken.ofPartition(partition, loaded, question, turn)).toEqual(own);
          given.push({ taken, loaded, question, layers: of, rows, expected: structuredClone(expected), byPartition });
        }
      });
      for (const { taken, loaded, question, layers: of, rows, expected, byPartition } of given) {
        expect(rows).toEqual(expected);
        const again = await unlessGone(async () => taken.answer(loaded, question, of));
        if (again !== null) expect(again).toEqual(expected);
        const inTurns = await unlessGone(() => taken.answerInTurns(loaded, question, of, turn));
        if (inTurns !== null) expect(inTurns).toEqual(expected);
        for (const [partition, own] of byPartition.entries()) {
          const then = await unlessGone(() => taken.ofPartition(partition, loaded, question, turn));
          if (then !== null) expect(then).toEqual(own);
        }
      }
    }),
    { numRuns },
  );
}

/** A snapshot whose generation left the memory meanwhile says so. */
async function unlessGone(answer: () => Promise<Rows>): Promise<Rows | null> {
  try {
    return await answer();
  } catch (error) {
    expect(error).toMatchObject({ code: 'store_unavailable' });
    return null;
  }
}
