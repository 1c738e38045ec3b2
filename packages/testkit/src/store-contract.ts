/**
 * The contract of SpeedStore and ServingStore: every adapter runs it. The numbers are the invariants of the port.
 * `make` gives an empty store of four partitions.
 */
import type { Commit, SpeedStore } from '@tributary/kv/port';
import type { ServingStore } from '@tributary/kv/serving-port';
import type { RowsByView } from '@tributary/views/deltas';
import { describe, expect, test } from 'vitest';

export interface StoreUnderTest {
  readonly speed: SpeedStore;
  readonly serving: ServingStore;
  /** Everything about partition 2 as it is now; the returned function loses every write since. */
  checkpoint(): Promise<() => Promise<void>>;
}

const P = 2;
const VIEW = 'conversions';

/** A commit of one user's line and one row; `expected` and `next.position` make the chain. */
export function commitOf(expected: string | null, position: string, more: Partial<Commit> = {}): Commit {
  const generation = more.next?.generation ?? more.deltasGeneration ?? 0;
  return {
    partition: P,
    expected,
    expectedCommit: expected === null ? '' : `commit of ${expected}`,
    id: `commit of ${position}`,
    next: { position, logIdentity: 'log-1', logTimeMs: 1_000, generation, definitions: '{"a":1}' },
    appends: new Map([['Björk', `{"at":"${position}"}\n`]]),
    rewrites: new Map(),
    deltas: rows('2026-03-01\tbuy\tEUR', [1, 250]),
    deltasGeneration: generation,
    pending: 0,
    overflowed: 0,
    conversions: new Map(),
    parked: [],
    ...more,
  };
}

function rows(key: string, measures: number[]): RowsByView {
  return new Map([[VIEW, new Map([[key, measures]])]]);
}

async function seen({ speed, serving }: StoreUnderTest) {
  const { commitId, records } = await speed.loadRecords(P, ['Björk']);
  const deltas = (await serving.deltas([VIEW], 0))[P];
  return {
    state: await speed.loadState(P),
    commitId,
    record: records[0],
    rows: deltas?.rows.get(VIEW),
    pending: deltas?.pending,
  };
}

export function describeStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    test('law 7: what was never written reads as null, never as zero or empty text', async () => {
      const { speed, serving } = await make();
      expect(await speed.loadState(P)).toBeNull();
      expect(await speed.loadRecords(P, ['nobody', 'none'])).toEqual({ commitId: '', records: [null, null] });
      expect(await speed.loadRecords(P, [])).toEqual({ commitId: '', records: [] });
      expect(await serving.records([{ partition: P, userKey: 'nobody' }])).toEqual([null]);
      expect(await serving.pointer()).toBeNull();
      expect(await serving.findConversion('c')).toBeNull();
      expect((await serving.deltas([VIEW], 0)).map(({ partition, state }) => [partition, state])).toEqual([
        [0, null],
        [1, null],
        [2, null],
        [3, null],
      ]);
    });

    test('invariant 1: a commit applies whole: records, deltas, counters, conversions, dead letters, state', async () => {
      const store = await make();
      const parked = [{ at: 'p1.0', code: 'invalid_json', message: 'no', raw: '\u0000{' }];
      const commit = commitOf(null, 'p1', { pending: 2, overflowed: 1, conversions: new Map([['c1', 'Björk']]), parked });
      expect(await store.speed.commit(commit)).toBe('committed');
      expect(await seen(store)).toEqual({
        state: { ...commit.next, commitId: 'commit of p1' },
        commitId: 'commit of p1',
        record: '{"at":"p1"}\n',
        rows: new Map([['2026-03-01\tbuy\tEUR', [1, 250]]]),
        pending: 2,
      });
      expect((await store.serving.deltas([VIEW], 0))[P]?.overflowed).toBe(1);
      expect(await store.serving.findConversion('c1')).toEqual({ partition: P, userKey: 'Björk' });
      expect(await store.serving.deadLetters(10)).toEqual([{ ...parked[0], partition: P }]);
      expect((await store.serving.records([{ partition: P, userKey: 'Björk' }]))[0]?.toString()).toBe('{"at":"p1"}\n');
      expect((await store.serving.states())[P]).toEqual(commit.next);
    });

    test('invariant 1: rows add up, and may become negative or vanish', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      await store.speed.commit(commitOf('p1', 'p2', { deltas: rows('2026-03-01\tbuy\tEUR', [-1, -250]) }));
      expect((await seen(store)).rows).toEqual(new Map());
      await store.speed.commit(commitOf('p2', 'p3', { deltas: rows('x\ty\tz', [0, -9_000_000_000_000]) }));
      expect((await seen(store)).rows).toEqual(new Map([['x\ty\tz', [0, -9_000_000_000_000]]]));
    });

    test('invariant 1: a rewrite replaces the record, an append in the same commit goes to another user', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      await store.speed.commit(
        commitOf('p1', 'p2', { rewrites: new Map([['Björk', 'short\n']]), appends: new Map([['用户', 'line\n']]) }),
      );
      expect(await store.speed.loadRecords(P, ['用户', 'Björk', 'nobody'])).toEqual({
        commitId: 'commit of p2',
        records: ['line\n', 'short\n', null],
      });
    });

    test('law 3, invariant 4: a writer that fell behind is fenced and changes nothing', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      await store.speed.commit(commitOf('p1', 'p2'));
      const before = await seen(store);
      for (const expected of [null, 'p1'])
        expect(await store.speed.commit(commitOf(expected, 'p3', { id: 'zombie', pending: 1 }))).toBe('fenced');
      expect(await seen(store)).toEqual(before);
    });

    test('law 3, invariant 3: the same commit sent again answers already and changes nothing', async () => {
      const store = await make();
      const commit = commitOf(null, 'p1', { pending: 1 });
      await store.speed.commit(commit);
      const before = await seen(store);
      expect(await store.speed.commit(commit)).toBe('already');
      expect(await seen(store)).toEqual(before);
    });

    test('law 3: of two writers at one position, the first wins and the second is fenced', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      const outcomes = await Promise.all([
        store.speed.commit(commitOf('p1', 'p2', { id: 'one' })),
        store.speed.commit(commitOf('p1', 'p2', { id: 'other' })),
      ]);
      expect(outcomes.sort()).toEqual(['committed', 'fenced']);
      expect((await seen(store)).record).toBe('{"at":"p1"}\n{"at":"p2"}\n');
    });

    test('law 3, invariants 2 and 4: a store that lost writes answers rewound, and position and state are of one moment', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      const before = await seen(store);
      const lose = await store.checkpoint();
      await store.speed.commit(commitOf('p1', 'p2'));
      await lose();
      expect(await seen(store)).toEqual(before);
      expect(await store.speed.commit(commitOf('p2', 'p3'))).toBe('rewound');
      expect(await seen(store)).toEqual(before);
      expect(await store.speed.commit(commitOf('p1', 'p2', { id: 'again' }))).toBe('committed');
    });

    test('law 3, invariant 1: a writer whose position was reached anew by another history is fenced', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      const lose = await store.checkpoint();
      await store.speed.commit(commitOf('p1', 'p2', { id: 'first history' }));
      await lose();
      await store.speed.commit(commitOf('p1', 'p2', { id: 'second history' }));
      const before = await seen(store);
      expect(before.commitId).toBe('second history');
      expect(await store.speed.commit(commitOf('p2', 'p3', { expectedCommit: 'first history' }))).toBe('fenced');
      expect(await seen(store)).toEqual(before);
      expect(await store.speed.commit(commitOf('p2', 'p3', { expectedCommit: 'second history' }))).toBe('committed');
    });

    test('law 3: an empty store where the writer expects a position is rewound, not a fresh start', async () => {
      const store = await make();
      expect(await store.speed.commit(commitOf('p7', 'p8'))).toBe('rewound');
      expect(await store.speed.loadState(P)).toBeNull();
    });

    test('law 1: deltas are filed under the generation that the commit names, not under the one it moves to', async () => {
      const store = await make();
      const barrier = commitOf(null, 'p1', { deltasGeneration: 0, barrier: { generation: 1 } });
      await store.speed.commit({ ...barrier, next: { ...barrier.next, generation: 1, definitions: '{"b":2}' } });
      const later = commitOf('p1', 'p2', { deltasGeneration: 1, pending: 3 });
      await store.speed.commit({ ...later, next: { ...later.next, definitions: '{"b":2}' } });
      const read = async (from: number, before?: number) =>
        (await store.serving.deltas([VIEW], from, before))[P]?.rows.get(VIEW)?.get('2026-03-01\tbuy\tEUR')?.[0] ?? 0;
      expect([await read(0), await read(1), await read(0, 1), await read(2)]).toEqual([2, 1, 1, 0]);
      expect((await store.serving.deltas([VIEW], 1))[P]?.pending).toBe(3);
      expect((await store.serving.deltas([VIEW], 0, 1))[P]?.pending).toBe(0);
      expect(await store.speed.loadState(P)).toEqual({ ...later.next, definitions: '{"b":2}', commitId: 'commit of p2' });
    });

    test('law 7: deltas of a retired generation are an error, never a smaller number', async () => {
      const store = await make();
      const at = (expected: string | null, position: string, generation: number) => {
        const commit = commitOf(expected, position, { deltasGeneration: generation });
        return store.speed.commit({ ...commit, next: { ...commit.next, generation } });
      };
      await at(null, 'p1', 0);
      await at('p1', 'p2', 1);
      await at('p2', 'p3', 2);
      await store.serving.retireDeltas(1);
      await expect(store.serving.deltas([VIEW], 0)).rejects.toThrow(/gone/);
      expect((await store.serving.deltas([VIEW], 1))[P]?.rows.get(VIEW)?.get('2026-03-01\tbuy\tEUR')).toEqual([2, 500]);
    });

    test('the pointer moves forward only', async () => {
      const { serving } = await make();
      await serving.setPointer({ sequence: 2, generation: 7 });
      await serving.setPointer({ sequence: 1, generation: 9 });
      await serving.setPointer({ sequence: 2, generation: 9 });
      expect(await serving.pointer()).toEqual({ sequence: 2, generation: 7 });
      await serving.setPointer({ sequence: 3, generation: 6 });
      expect(await serving.pointer()).toEqual({ sequence: 3, generation: 6 });
    });

    test('partitions do not touch each other', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      expect(await store.speed.commit({ ...commitOf(null, 'p0'), partition: 3 })).toBe('committed');
      expect(await store.speed.loadState(1)).toBeNull();
      expect((await store.speed.loadState(3))?.position).toBe('p0');
      expect((await seen(store)).record).toBe('{"at":"p1"}\n');
    });
  });
}
