/**
 * The contract of SpeedStore and ServingStore: every adapter runs it. The numbers are the invariants of the port.
 * `make` gives an empty store of four partitions.
 */
import { type Integer, integerOf } from '@tributary/model/integer';
import { type DeadLetterId, parseDeadLetterId, type StoredDeadLetter } from '@tributary/store/dead-letters';
import type { RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { testCallsOfOneTurn } from './one-turn-contract.ts';
import { testPositions } from './positions-contract.ts';
import { testSizes } from './sizes-contract.ts';
import { commitOf, createPlainFollower, P, rows, type StoreUnderTest, seen, VIEW, wholeOf } from './store-under-test.ts';

/** `isOfOneMoment`: what several partitions say in one answer is. */
export function describeStoreContract(
  name: string,
  make: () => Promise<StoreUnderTest>,
  { isOfOneMoment = true }: { readonly isOfOneMoment?: boolean } = {},
): void {
  describe(`store contract: ${name}`, () => {
    test('law 7: what was never written reads as null, never as zero or empty text', async () => {
      const { speed, serving } = await make();
      expect(await speed.loadState(P)).toBeNull();
      expect(await speed.loadRecords(P, ['absent', 'none'], 1e6)).toEqual({ commitId: '', records: [null, null] });
      expect(await speed.loadRecords(P, [], 1e6)).toEqual({ commitId: '', records: [] });
      expect(await serving.records([{ partition: P, userKey: 'absent' }], 0)).toEqual([null]);
      expect(await serving.pointer()).toBeNull();
      expect(await serving.findConversions('c')).toEqual([]);
      expect((await serving.deltas([VIEW], 0)).map(({ partition, state }) => [partition, state])).toEqual([
        [0, null],
        [1, null],
        [2, null],
        [3, null],
      ]);
    });

    test('law 7: the cut of all timelines is part of the state, and stays with its position', async () => {
      const { speed, serving, checkpoint } = await make();
      await speed.commit(commitOf(null, 'p1'));
      expect(await speed.loadState(P)).not.toHaveProperty('cutTs');
      const lose = await checkpoint(P);
      const second = commitOf('p1', 'p2');
      await speed.commit({ ...second, next: { ...second.next, cutTs: 1_764_000_000_123 } });
      expect(await speed.loadState(P)).toMatchObject({ position: 'p2', cutTs: 1_764_000_000_123 });
      expect((await serving.states())[P]).toMatchObject({ position: 'p2', generation: 0 });
      await lose();
      expect(await speed.loadState(P)).not.toHaveProperty('cutTs');
    });

    test('law 7: how long records are kept is known of the commit that says so alone', async () => {
      const { speed } = await make();
      const first = commitOf(null, 'p1');
      await speed.commit({ ...first, next: { ...first.next, keptMs: 86_400_000 } });
      expect(await speed.loadState(P)).toMatchObject({ position: 'p1', keptMs: 86_400_000 });
      await speed.commit(commitOf('p1', 'p2'));
      expect(await speed.loadState(P)).not.toHaveProperty('keptMs');
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
      expect(await store.serving.findConversions('c1')).toEqual([{ partition: P, userKey: 'Björk' }]);
      expect((await store.serving.deadLetters.page(10)).letters).toMatchObject([{ ...parked[0], partition: P }]);
      expect((await store.serving.records([{ partition: P, userKey: 'Björk' }], 100))[0]?.toString()).toBe('{"at":"p1"}\n');
      expect((await store.serving.states())[P]).toEqual(commit.next);
    });

    testCallsOfOneTurn(make);

    test('dead letters are read newest first, page by page, each once, and go one by one', async () => {
      const { speed, serving } = await make();
      // The last partition has more than a page reads of it, and all of them are newer.
      for (const [partition, letters] of [
        [0, 23],
        [1, 23],
        [3, 40],
      ] as const) {
        const parked = Array.from({ length: letters }, (_, i) => ({
          at: `p1.${i}`,
          code: 'no',
          message: 'no',
          raw: `{${partition}`,
        }));
        const commit = commitOf(null, 'p1', { parked });
        const next = { ...commit.next, logTimeMs: 1_000 * (1 + partition) };
        expect(await speed.commit({ ...commit, next, partition })).toBe('committed');
      }
      const whole = (await serving.deadLetters.page(1_000)).letters;
      expect(whole.length).toBe(86);
      expect(whole.map(({ parkedAt }) => parkedAt)).toEqual(whole.map(({ parkedAt }) => parkedAt).sort((a, b) => b - a));
      for (const limit of [1, 7, 30]) {
        const read: string[] = [];
        for (let page = await serving.deadLetters.page(limit); ; ) {
          expect(page.letters.length).toBeLessThanOrEqual(limit);
          read.push(...page.letters.map(({ id }) => id));
          if (page.isLast) break;
          page = await serving.deadLetters.page(limit, parseDeadLetterId(read.at(-1) as string, 4) as DeadLetterId);
        }
        expect(read).toEqual(whole.map(({ id }) => id));
      }
      const [newest] = whole as [StoredDeadLetter];
      const first = parseDeadLetterId(newest.id, 4) as DeadLetterId;
      expect(await serving.deadLetters.find(first)).toEqual(newest);
      const replaced = await serving.deadLetters.replace(first, { code: 'too_deep', message: 'as of now' });
      expect(replaced).toMatchObject({ at: newest.at, raw: newest.raw, code: 'too_deep', message: 'as of now' });
      expect(await serving.deadLetters.find(first)).toBeNull();
      expect(await serving.deadLetters.replace(first, newest)).toBeNull();
      expect(await serving.deadLetters.remove(first)).toBe(false);
      const second = parseDeadLetterId(replaced?.id as string, 4) as DeadLetterId;
      expect(await serving.deadLetters.remove(second)).toBe(true);
      expect(await serving.deadLetters.remove(second)).toBe(false);
      expect((await serving.deadLetters.page(1_000)).letters).toHaveLength(85);
    });

    test('records are read in order within a bound, beyond it only their sizes are', async () => {
      const store = await make();
      const at = (partition: number, record: string) =>
        store.speed.commit({ ...commitOf(null, 'p1', { appends: new Map([[`user ${partition}`, record]]) }), partition });
      for (const [partition, size] of [10, 20, 5].entries()) expect(await at(partition, 'x'.repeat(size))).toBe('committed');
      const users = [0, 1, 2, 3].map((partition) => ({ partition, userKey: `user ${partition}` }));
      const read = async (maxBytes: number) =>
        (await store.serving.records(users, maxBytes)).map((record) =>
          typeof record === 'number' ? record : (record?.toString() ?? null),
        );
      const [ten, twenty, five] = ['x'.repeat(10), 'x'.repeat(20), 'x'.repeat(5)];
      expect(await read(35)).toEqual([ten, twenty, five, null]);
      expect(await read(34)).toEqual([ten, twenty, 5, null]);
      expect(await read(15)).toEqual([ten, 20, five, null]);
      expect(await read(0)).toEqual([10, 20, 5, null]);
    });

    testPositions(make);
    testSizes(make, { isOfOneMoment });

    test('law 7: the record of one user alone is whole within a bound, beyond it only its size is read', async () => {
      const { speed, serving } = await make();
      const record = 'abcdefghijklmnopqrst';
      await speed.commit(commitOf(null, 'p1', { appends: new Map([['alone', record]]) }));
      const read = async (maxBytes: number) => {
        const [found] = await serving.records([{ partition: P, userKey: 'alone' }], maxBytes);
        return typeof found === 'number' ? found : found?.toString();
      };
      expect([await read(20), await read(19), await read(0)]).toEqual([record, 20, 20]);
    });

    test('invariant 1: rows add up, and may become negative or vanish', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      await store.speed.commit(commitOf('p1', 'p2', { deltas: rows('2026-03-01\tbuy\tEUR', [-1, -250]) }));
      expect((await seen(store)).rows).toEqual(new Map());
      await store.speed.commit(commitOf('p2', 'p3', { deltas: rows('x\ty\tz', [0, -9_000_000_000_000]) }));
      expect((await seen(store)).rows).toEqual(new Map([['x\ty\tz', [0, -9_000_000_000_000]]]));
    });

    test.each(['2026-03-01\tbuy\tEUR', '2026-03-01\tbuy [a,[1\tEUR'])(
      'invariant 1: sums of %j are exact on both sides of 32 bits, and back again',
      async (key) => {
        const store = await make();
        const steps = [2_147_483_647, 1, -1, -4_294_967_295, -1, 1, 9_000_000_000_000, -9_000_000_000_000];
        let [sum, position] = [0, null as string | null];
        for (const [i, by] of steps.entries()) {
          await store.speed.commit(commitOf(position, `p${i}`, { deltas: rows(key, [by, 1]) }));
          position = `p${i}`;
          sum += by;
          expect((await seen(store)).rows).toEqual(new Map([[key, [sum, i + 1]]]));
        }
      },
    );

    test('law 1, invariant 1: a commit of thousands of rows of one view counts each of them', async () => {
      const { speed, serving } = await make();
      const many = (value: number): RowsByView =>
        new Map([[VIEW, new Map(Array.from({ length: 2_501 }, (_, i) => [`row ${i}`, [1, value + i]]))]]);
      await speed.commit(commitOf(null, 'p1', { deltas: many(0) }));
      await speed.commit(commitOf('p1', 'p2', { deltas: many(100_000) }));
      const counted = (await serving.deltas([VIEW], 0))[P]?.rows.get(VIEW);
      expect(counted).toEqual(new Map(Array.from({ length: 2_501 }, (_, i) => [`row ${i}`, [2, 100_000 + 2 * i]])));
    });

    test('law 7: of thousands of conversions in one commit each is found', async () => {
      const { speed, serving } = await make();
      const conversions = new Map(Array.from({ length: 2_501 }, (_, i) => [`order ${i}`, `user ${i}`]));
      expect(await speed.commit(commitOf(null, 'p1', { conversions }))).toBe('committed');
      for (const i of [0, 999, 1_000, 1_999, 2_000, 2_500])
        expect(await serving.findConversions(`order ${i}`)).toEqual([{ partition: P, userKey: `user ${i}` }]);
    });

    test('law 4: a sum that passes 2^53 keeps every unit, and comes back to the unit', async () => {
      const store = await make();
      const key = '2026-03-01\tbuy\tEUR';
      const most = Number.MAX_SAFE_INTEGER;
      const steps: [by: Integer, sum: Integer][] = [
        [most, most],
        [1, 2n ** 53n],
        [1, 2n ** 53n + 1n],
        [1, 2n ** 53n + 2n],
        [-most, 3],
        [-most, 3 - most],
        [-4, -(2n ** 53n)],
        [10n ** 21n, 10n ** 21n - 2n ** 53n],
        [2n ** 53n - 10n ** 21n, 0],
      ];
      let position: string | null = null;
      for (const [i, [by, sum]] of steps.entries()) {
        await store.speed.commit(commitOf(position, `p${i}`, { deltas: rows(key, [by, 1]) }));
        position = `p${i}`;
        expect((await seen(store)).rows).toEqual(new Map([[key, [sum, i + 1]]]));
      }
    });

    test('law 4: sums of any size are exact, in a fresh read, in a whole read and to a follower', async () => {
      const store = await make();
      const follow = createPlainFollower(store.serving);
      const near = (of: bigint) => fc.bigInt({ min: of - 3n, max: of + 3n });
      const amounts = fc.oneof(
        ...[0n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 2n ** 90n].map(near),
        fc.bigInt({ min: 0n, max: 2n ** 90n }),
      );
      const signed = fc.tuple(amounts, fc.boolean()).map(([amount, isNegative]) => (isNegative ? -amount : amount));
      let position: string | null = null;
      let number = 0;
      const check = async (batches: readonly (readonly [bigint, bigint])[]) => {
        const key = `row\tof\trun ${number}`;
        const sums = [0n, 0n];
        for (const batch of batches) {
          const next = String(++number).padStart(8, '0');
          await store.speed.commit(commitOf(position, next, { deltas: rows(key, batch.map(integerOf)) }));
          position = next;
          for (const [i, amount] of batch.entries()) sums[i] = (sums[i] as bigint) + amount;
          const expected = sums.every((sum) => sum === 0n) ? undefined : sums.map(integerOf);
          expect((await seen(store)).rows?.get(key)).toEqual(expected);
          expect((await wholeOf(store)).generations.get(0)?.rows.get(VIEW)?.get(key)).toEqual(expected);
          expect((await follow([VIEW], 0))[P]?.generations.get(0)?.rows.get(VIEW)?.get(key)).toEqual(expected);
        }
      };
      await fc.assert(fc.asyncProperty(fc.array(fc.tuple(signed, signed), { minLength: 2, maxLength: 6 }), check), {
        numRuns: 60,
      });
    });

    test('invariant 1: a rewrite replaces the record, an append in the same commit goes to another user', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      await store.speed.commit(
        commitOf('p1', 'p2', { rewrites: new Map([['Björk', 'short\n']]), appends: new Map([['用户', 'line\n']]) }),
      );
      expect(await store.speed.loadRecords(P, ['用户', 'Björk', 'absent'], 1e6)).toEqual({
        commitId: 'commit of p2',
        records: ['line\n', 'short\n', null],
      });
    });

    test('invariant 1: what was joined is appended as texts are, of other users', async () => {
      const store = await make();
      const joined = new Map(['Björk', '用户', 'a'.repeat(30)].map((user) => [user, Buffer.from(`{"of":"${user}"}\n`)]));
      await store.speed.commit(commitOf(null, 'p1', { appends: new Map([['Björk', 'before\n']]) }));
      await store.speed.commit(commitOf('p1', 'p2', { appends: new Map([['text', 'line\n']]), joined }));
      expect((await store.speed.loadRecords(P, ['Björk', '用户', 'a'.repeat(30), 'text'], 1e6)).records).toEqual([
        'before\n{"of":"Björk"}\n',
        '{"of":"用户"}\n',
        `{"of":"${'a'.repeat(30)}"}\n`,
        'line\n',
      ]);
    });

    test('records come in order as long as they sum to the bound, the first always, of the others the length in bytes', async () => {
      const store = await make();
      const records = new Map([
        ['a', 'äöü\n'],
        ['b', '123\n'],
        ['c', '12345\n'],
        ['d', '\n'],
      ]);
      await store.speed.commit(commitOf(null, 'p1', { appends: records }));
      const load = async (maxBytes: number, ...userKeys: string[]) =>
        (await store.speed.loadRecords(P, userKeys, maxBytes)).records;
      expect(await load(18, 'a', 'b', 'absent', 'c', 'd')).toEqual(['äöü\n', '123\n', null, '12345\n', '\n']);
      expect(await load(17, 'a', 'b', 'absent', 'c', 'd')).toEqual(['äöü\n', '123\n', null, '12345\n', 1]);
      expect(await load(16, 'a', 'b', 'absent', 'c', 'd')).toEqual(['äöü\n', '123\n', null, 6, '\n']);
      expect(await load(0, 'absent', 'a', 'b', 'absent')).toEqual([null, 'äöü\n', 4, null]);
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

    test('law 3, invariants 2 and 4: a store that lost writes answers rewound, and position and state belong together', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      const before = await seen(store);
      const lose = await store.checkpoint(P);
      await store.speed.commit(commitOf('p1', 'p2'));
      await lose();
      expect(await seen(store)).toEqual(before);
      expect(await store.speed.commit(commitOf('p2', 'p3'))).toBe('rewound');
      expect(await seen(store)).toEqual(before);
      expect(await store.speed.commit(commitOf('p1', 'p2', { id: 'again' }))).toBe('committed');
    });

    test('law 3, invariant 1: a writer whose position was reached again by another history is fenced', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1'));
      const lose = await store.checkpoint(P);
      await store.speed.commit(commitOf('p1', 'p2', { id: 'first history' }));
      await lose();
      await store.speed.commit(commitOf('p1', 'p2', { id: 'second history' }));
      const before = await seen(store);
      expect(before.commitId).toBe('second history');
      expect(await store.speed.loadRecords(P, [], 1)).toEqual({ commitId: 'second history', records: [] });
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
      await store.speed.commit({
        ...barrier,
        next: { ...barrier.next, generation: 1, definitions: '{"b":2}', definitionsSince: 1 },
      });
      const later = commitOf('p1', 'p2', { deltasGeneration: 1, pending: 3 });
      const next = { ...later.next, definitions: '{"b":2}', definitionsSince: 1 };
      await store.speed.commit({ ...later, next });
      const read = async (from: number, before?: number) =>
        (await store.serving.deltas([VIEW], from, before))[P]?.rows.get(VIEW)?.get('2026-03-01\tbuy\tEUR')?.[0] ?? 0;
      expect([await read(0), await read(1), await read(0, 1), await read(2)]).toEqual([2, 1, 1, 0]);
      expect((await store.serving.deltas([VIEW], 1))[P]?.pending).toBe(3);
      expect((await store.serving.deltas([VIEW], 0, 1))[P]?.pending).toBe(0);
      expect(await store.speed.loadState(P)).toEqual({ ...next, barriers: new Map([[1, 'p1']]), commitId: 'commit of p2' });
      expect((await store.serving.deltas([VIEW], 1))[P]?.state?.definitionsSince).toBe(1);
    });

    test('law 1: definitions are those of the commit that the store holds, whatever was refused or lost before', async () => {
      const { speed, checkpoint } = await make();
      const loseAll = await checkpoint(P);
      const stored = async (expected: string | null, position: string, definitions: string, id?: string) => {
        const commit = commitOf(expected, position, id === undefined ? {} : { id });
        const outcome = await speed.commit({ ...commit, next: { ...commit.next, definitions } });
        return [outcome, (await speed.loadState(P))?.definitions];
      };
      expect(await stored(null, 'p1', 'old')).toEqual(['committed', 'old']);
      const zombie = commitOf(null, 'p3', { id: 'zombie' });
      expect(await speed.commit({ ...zombie, next: { ...zombie.next, definitions: 'new' } })).toBe('fenced');
      const loseNew = await checkpoint(P);
      expect(await stored('p1', 'p2', 'new')).toEqual(['committed', 'new']);
      await loseNew();
      expect(await stored('p2', 'p3', 'new')).toEqual(['rewound', 'old']);
      expect(await stored('p1', 'p2', 'new', 'again')).toEqual(['committed', 'new']);
      await loseAll();
      expect(await speed.loadState(P)).toBeNull();
      expect(await stored(null, 'p1', 'new')).toEqual(['committed', 'new']);
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
      await expect(store.serving.deltas([VIEW], 0)).rejects.toMatchObject({
        code: 'deltas_retired',
        message: 'the deltas of generation 0 are gone, the oldest kept is 1',
      });
      expect((await store.serving.deltas([VIEW], 1))[P]?.rows.get(VIEW)?.get('2026-03-01\tbuy\tEUR')).toEqual([2, 500]);
    });

    test('law 7: what was retired stays retired, also when less is retired afterwards', async () => {
      const store = await make();
      const at = (expected: string | null, position: string, generation: number) => {
        const commit = commitOf(expected, position, { deltasGeneration: generation });
        return store.speed.commit({ ...commit, next: { ...commit.next, generation } });
      };
      await at(null, 'p1', 0);
      await at('p1', 'p2', 2);
      await store.serving.retireDeltas(2);
      await store.serving.retireDeltas(1);
      for (const from of [0, 1])
        await expect(store.serving.deltas([VIEW], from)).rejects.toMatchObject({ code: 'deltas_retired' });
      expect((await store.serving.follow([VIEW], [null, null, null, null]))[P]?.oldest).toBe(2);
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
