/** The contract of following the commits of a store: every adapter runs it. What a follower holds is what a fresh read gives. */
import type { PartitionDeltas } from '@tributary/store/serving-store';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { PartedRows } from '@tributary/views/parted-rows';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { playHistory, storeHistory, viewsOf } from './store-history.ts';
import {
  at,
  commitOf,
  createPlainFollower,
  fill,
  P,
  rows,
  type StoreUnderTest,
  since,
  stateSince,
  summed,
  VIEW,
  wholeOf,
  withoutEmpty,
} from './store-under-test.ts';

export function describeFeedContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`feed contract: ${name}`, () => {
    test('law 1: following: each commit once, in order, with its state and the generation of its rows', async () => {
      const store = await make();
      const start = await wholeOf(store);
      expect(start).toMatchObject({ partition: P, state: null, cursor: { commitId: '', commits: 0 } });
      expect(await since(store, start.cursor)).toEqual([]);
      const first = commitOf(null, 'p1', { pending: 2, overflowed: 1 });
      await store.speed.commit(first);
      const barrier = commitOf('p1', 'p2', { deltasGeneration: 0 });
      await store.speed.commit({
        ...barrier,
        next: { ...barrier.next, generation: 1, definitions: '{"b":2}', definitionsSince: 1 },
      });
      expect(await since(store, start.cursor)).toMatchObject([
        { id: 'commit of p1', after: '', next: first.next, generation: 0, rows: first.deltas, pending: 2, overflowed: 1 },
        {
          id: 'commit of p2',
          after: 'commit of p1',
          next: { generation: 1, definitions: '{"b":2}', definitionsSince: 1 },
          generation: 0,
        },
      ]);
      expect(await since(store, { commitId: 'commit of p1', commits: 1 })).toHaveLength(1);
      expect((await wholeOf(store)).state?.barriers).toEqual(new Map([[1, 'p2']]));
      expect((await store.serving.states())[P]?.barriers).toEqual(new Map([[1, 'p2']]));
      expect((await wholeOf(store)).cursor).toEqual({ commitId: 'commit of p2', commits: 2 });
      expect(await since(store, { commitId: 'commit of p2', commits: 2 })).toEqual([]);
      expect((await store.serving.follow(['touches'], [null, null, start.cursor, null]))[P]?.commits).toMatchObject([
        { rows: new Map() },
        { rows: new Map() },
      ]);
    });

    test('law 1: rows whose keys are in parts are stored and followed as those of whole keys', async () => {
      const store = await make();
      const start = await wholeOf(store);
      const [page, element] = ['2026-03-01\tshop.example/é\t992', 'a "button" 😀'];
      for (const [expected, position] of [
        [null, 'p1'],
        ['p1', 'p2'],
      ] as const) {
        const parted = new PartedRows(2, ['', '\tmove\t7']);
        for (const [tail, ms] of [
          [0, 5],
          [1, 300],
          [1, 70_000],
        ] as const)
          parted.addParts(page, element, tail, [1, ms], 1);
        await store.speed.commit(commitOf(expected, position, { deltas: new Map([...rows('row', [1, 1]), ['heat', parted]]) }));
      }
      const of = (times: number) => [
        [`${page}\t${element}`, [times, 5 * times]],
        [`${page}\t${element}\tmove\t7`, [2 * times, 70_300 * times]],
      ];
      const sorted = (own?: Rows) => [...(own ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      const [heat] = (await store.serving.deltas(['heat'], 0)).slice(P).map(({ rows: own }) => own.get('heat'));
      expect(sorted(heat)).toEqual(of(2));
      const followed = (await store.serving.follow(['heat'], [null, null, start.cursor, null]))[P];
      if (followed?.commits === 'gap') throw new Error('what is new to a follower must be in the feed');
      expect(followed?.commits.map(({ rows: own }) => sorted(own.get('heat')))).toEqual([of(1), of(1)]);
    });

    test('law 7: what is counted is known as long as commits are of workers that count the same, and a follower reads all again where another took over', async () => {
      const store = await make();
      const viewsSince = new Map([
        ['activity', 0],
        ['exits', 2],
        ['sessions', 2],
      ]);
      const commit = async (
        expected: string | null,
        position: string,
        before: string,
        id: string,
        counts: ReadonlyMap<string, number> | null = viewsSince,
      ) => {
        const one = commitOf(expected, position, { id, ...(expected === null ? {} : { expectedCommit: before }) });
        const next = counts === null ? one.next : { ...one.next, viewsSince: counts };
        expect(await store.speed.commit({ ...one, next })).toBe('committed');
        return [(await store.speed.loadState(P))?.viewsSince, (await store.serving.states())[P]?.viewsSince];
      };
      expect(await commit(null, 'p1', '', 'a~views')).toEqual([viewsSince, viewsSince]);
      const follow = createPlainFollower(store.serving);
      const followed = async () => (await follow([VIEW], 0))[P]?.state?.viewsSince;
      expect(await followed()).toEqual(viewsSince);
      expect(await commit('p1', 'p2', 'a~views', 'b~views')).toEqual([viewsSince, viewsSince]);
      expect(await followed()).toEqual(viewsSince);
      const { cursor } = await wholeOf(store);
      // A worker that does not note it leaves the note as it is.
      expect(await commit('p2', 'p3', 'b~views', 'c', null)).toEqual([undefined, undefined]);
      expect(await since(store, cursor)).toBe('gap');
      expect(await followed()).toBeUndefined();
      expect(await commit('p3', 'p4', 'c', 'd~views')).toEqual([viewsSince, viewsSince]);
      const { cursor: fourth } = await wholeOf(store);
      expect(await commit('p4', 'p5', 'd~views', 'e~others')).toEqual([viewsSince, viewsSince]);
      expect(await since(store, fourth)).toBe('gap');
      expect(await followed()).toEqual(viewsSince);
      // What a commit said that the store lost is said again.
      const more = new Map([...viewsSince, ['scrolls', 3]]);
      const loseLast = await store.checkpoint(P);
      expect(await commit('p5', 'p6', 'e~others', 'f~others', more)).toEqual([more, more]);
      await loseLast();
      expect((await store.speed.loadState(P))?.viewsSince).toEqual(viewsSince);
      expect(await commit('p5', 'p6', 'e~others', 'g~others', more)).toEqual([more, more]);
    });

    test('law 7: which messages are on their way, and what records lost, is read as of the newest commit of each partition', async () => {
      const { speed, serving } = await make();
      expect(await serving.relayed()).toEqual([null, null, null, null]);
      await speed.commit(commitOf(null, 'p1'));
      const { logTimeMs } = commitOf(null, 'p1').next;
      expect((await serving.relayed())[P]).toEqual({ position: 'p1', logTimeMs });
      const relayed = { sent: ['', 'p2.1'], applied: ['', ''] };
      const second = commitOf('p1', 'p2');
      await speed.commit({ ...second, next: { ...second.next, relayed } });
      expect((await serving.relayed())[P]).toEqual({ position: 'p2', logTimeMs, relayed });
      const third = commitOf('p2', 'p3');
      await speed.commit({ ...third, next: { ...third.next, relayed, cutTs: 7, keptMs: 9 } });
      expect((await serving.relayed())[P]).toEqual({ position: 'p3', logTimeMs, relayed, cutTs: 7, keptMs: 9 });
    });

    test('law 7: following without a cursor is a gap, and says which generations are kept', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      await store.serving.retireDeltas(3);
      const nothing = [null, null, null, null];
      expect(await store.serving.follow([VIEW], nothing)).toEqual(
        [0, 0, 3, 0].map((oldest, partition) => ({ partition, oldest, commits: 'gap' })),
      );
      await expect(wholeOf(store, 2)).rejects.toThrow(/gone/);
      expect((await wholeOf(store, 3)).generations.size).toBe(0);
    });

    test('law 7: a store that lost writes is a gap, also once it has as many commits as before', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      const lose = await store.checkpoint(P);
      await store.speed.commit(commitOf('p1', 'p2'));
      const { cursor } = await wholeOf(store);
      await lose();
      expect(await since(store, cursor)).toBe('gap');
      await store.speed.commit(commitOf('p1', 'p2', { id: 'another way' }));
      expect(await since(store, cursor)).toBe('gap');
      await store.speed.commit(commitOf('p2', 'p3', { expectedCommit: 'another way' }));
      expect(await since(store, cursor)).toBe('gap');
      expect(await since(store, { commitId: 'commit of p1', commits: 1 })).toHaveLength(2);
    });

    test('law 7: the feed is bounded: who fell far behind, or behind a large commit, has a gap', async () => {
      const store = await make();
      const { cursor } = await wholeOf(store);
      let last = await fill(store, null, 0, 600);
      expect(await since(store, cursor)).toBe('gap');
      expect(await since(store, { commitId: `commit of ${at(599)}`, commits: 599 })).toHaveLength(1);
      const many = new Map(Array.from({ length: 5_000 }, (_, i) => [`2026-03-01\ttype ${i}\tEUR`, [1, i]]));
      const large = commitOf(last, at(601), { deltas: new Map([[VIEW, many]]) });
      await store.speed.commit(large);
      expect(await since(store, { commitId: `commit of ${last}`, commits: 600 })).toBe('gap');
      last = await fill(store, large.next.position, 601, 2);
      expect(await since(store, { commitId: large.id, commits: 601 })).toHaveLength(2);
      expect(await since(store, { commitId: 'commit of somebody', commits: 601 })).toBe('gap');
    });

    test('law 7: the feed is bounded in bytes as well, and begins again behind a large commit', async () => {
      const { speed, ...store } = await make();
      const commit = async (number: number, deltas: RowsByView) => {
        const from = number === 1 ? null : at(number - 1);
        expect(await speed.commit(commitOf(from, at(number), { deltas }))).toBe('committed');
      };
      const missed = async (commits: number) => since({ speed, ...store }, { commitId: `commit of ${at(commits)}`, commits });
      const long = rows('x'.repeat(30_000), [1, 1]);
      for (let number = 1; number <= 60; number++) await commit(number, long);
      expect(await missed(20)).toBe('gap');
      expect(await missed(59)).toHaveLength(1);
      await commit(61, rows('x'.repeat(50_000), [1, 1]));
      for (let number = 62; number <= 63; number++) await commit(number, long);
      expect(await missed(61)).toHaveLength(2);
    });

    test('law 1: whatever happens to a store, what a follower holds is what a fresh read gives, or neither gives anything', async () => {
      await fc.assert(
        fc.asyncProperty(storeHistory, async (history) => {
          const store = await make();
          const followers = [0, 1, 2].map(() => createPlainFollower(store.serving));
          await playHistory(store, history, async (look, generation) => {
            const views = viewsOf(look);
            const fresh = await store.serving.deltas(views, generation).catch(() => null);
            const held = await followers[look.follower]?.(views, generation).catch(() => null);
            // Only a gap asks for what was retired; a follower that still holds it may go on adding to it.
            const known = <T extends PartitionDeltas>(deltas: T) => ({ ...deltas, state: stateSince(deltas.state, generation) });
            if (fresh !== null) expect(held?.map(summed).map(known)).toEqual(fresh.map(withoutEmpty).map(known));
          });
        }),
        { numRuns: 150 },
      );
    });
  });
}
