/** The contract of retirement over a speed store: every adapter runs it. What no reader may ask for any more is not kept. */
import { describe, expect, test } from 'vitest';
import { commitOf, P, type StoreUnderTest, VIEW, wholeOf } from './store-under-test.ts';

export interface RetirementUnderTest extends StoreUnderTest {
  /** The generations of a partition of which the store holds anything: rows, counters or conversions. */
  generationsKept(partition: number): Promise<number[]>;
}

/** Leads partition 2 from one generation to another, a commit with a barrier each; its rows belong to the generation before. */
export async function passBarriers({ speed }: StoreUnderTest, from: number, upTo: number): Promise<void> {
  for (let generation = from; generation < upTo; generation++) await passBarrier({ speed }, generation, generation + 1);
}

/** One commit with a barrier, over any number of generations. */
export async function passBarrier({ speed }: Pick<StoreUnderTest, 'speed'>, from: number, to: number): Promise<void> {
  const position = (generation: number) => `p${String(generation).padStart(9, '0')}`;
  const commit = commitOf(from === 0 ? null : position(from), position(to), {
    deltasGeneration: from,
    pending: 1,
    overflowed: 1,
    conversions: new Map([[`of generation ${from}`, 'Björk']]),
    barrier: { generation: to },
  });
  const relayed = { sent: [numberSent(to)], applied: [] };
  expect(await speed.commit({ ...commit, next: { ...commit.next, generation: to, relayed } })).toBe('committed');
}

const numberSent = (generation: number) => `sent before the barrier of ${generation}`.replaceAll(' ', '-');

const range = (from: number, stop: number) => Array.from({ length: stop - from }, (_, i) => from + i);

export function describeRetirementContract(name: string, make: () => Promise<RetirementUnderTest>): void {
  describe(`retirement contract: ${name}`, () => {
    test('law 7: what is filed under a retired generation is not kept, what is filed under the others is', async () => {
      const store = await make();
      await passBarriers(store, 0, 1);
      await store.serving.retireDeltas(15);
      await passBarriers(store, 1, 20);
      expect(await store.generationsKept(P)).toEqual(range(15, 20));
      const [, , deltas] = await store.serving.deltas([VIEW], 15);
      expect(deltas?.rows.get(VIEW)).toEqual(new Map([['2026-03-01\tbuy\tEUR', [5, 1_250]]]));
      expect(deltas?.pending).toBe(5);
      expect(await store.serving.findConversions('of generation 14')).toEqual([]);
      expect(await store.serving.findConversions('of generation 15')).toEqual([{ partition: P, userKey: 'Björk' }]);
      expect((await store.speed.loadState(P))?.generation).toBe(20);
    });

    test('each retirement removes all that is left of older generations, and nothing else', async () => {
      const store = await make();
      await passBarriers(store, 0, 30);
      await store.serving.retireDeltas(25);
      expect(await store.generationsKept(P)).toEqual(range(25, 30));
      await store.serving.retireDeltas(20);
      await store.serving.retireDeltas(28);
      expect(await store.generationsKept(P)).toEqual([28, 29]);
      await store.serving.retireDeltas(40);
      expect(await store.generationsKept(P)).toEqual([]);
      await passBarriers(store, 30, 42);
      expect(await store.generationsKept(P)).toEqual([40, 41]);
    });

    test('law 7: where the barrier of a generation lay is known for as long as the generation is kept', async () => {
      const store = await make();
      await passBarriers(store, 0, 10);
      const barriers = async () => [...((await store.speed.loadState(P))?.barriers ?? [])].sort(([a], [b]) => a - b);
      expect(await barriers()).toEqual(range(1, 11).map((g) => [g, `p${String(g).padStart(9, '0')}`]));
      await store.serving.retireDeltas(8);
      await passBarriers(store, 10, 11);
      expect((await barriers()).map(([g]) => g)).toEqual([8, 9, 10, 11]);
      // With what was sent to other partitions, and applied of theirs, up to there.
      const crossed = range(8, 12).map((g) => [g, { sent: [numberSent(g)], applied: [] }]);
      const noted = async () => [...((await store.speed.loadState(P))?.crossed ?? [])].sort(([a], [b]) => a - b);
      expect(await noted()).toEqual(crossed);
      // All of the state is read once a second: of older barriers it is forgotten.
      await passBarriers(store, 11, 18);
      expect((await noted()).map(([g, said]) => [g, said === null])).toEqual(range(8, 19).map((g) => [g, g <= 10]));
    });

    test('a store that lost a retirement and what was committed since retires again', async () => {
      const store = await make();
      await passBarriers(store, 0, 20);
      const lose = await store.checkpoint(P);
      await store.serving.retireDeltas(18);
      await lose();
      expect(await store.generationsKept(P)).toEqual(range(0, 20));
      await store.serving.retireDeltas(19);
      expect(await store.generationsKept(P)).toEqual([19]);
    });

    test('law 7: numbers that no generation has cost nothing to read, and nothing to retire', { timeout: 20_000 }, async () => {
      const store = await make();
      await passBarriers(store, 0, 2);
      const [near, far, farther] = [1_002, 10_000_000, 20_000_000];
      await passBarrier(store, 2, near);
      expect([...(await wholeOf(store, 0)).generations.keys()].filter((g) => g < near)).toEqual([0, 1, 2]);
      await passBarrier(store, near, far);
      await passBarrier(store, far, farther);
      for (const [from, generations] of [
        [0, [0, 1, 2, near, far]],
        [3, [near, far]],
        [near - 1, [near, far]],
        [near + 1, [far]],
        [far, [far]],
        [far + 1, []],
      ] as const) {
        const whole = await wholeOf(store, from);
        expect([...whole.generations.keys()].filter((g) => g < farther)).toEqual(generations);
        const counted = (await store.serving.deltas([VIEW], from, farther))[P]?.rows.get(VIEW)?.get('2026-03-01\tbuy\tEUR')?.[0];
        expect(counted ?? 0).toBe(generations.length);
      }
      expect(await store.serving.findConversions('of generation 0')).toEqual([{ partition: P, userKey: 'Björk' }]);
      expect(await store.serving.findConversions('none')).toEqual([]);
      await store.serving.retireDeltas(near - 1);
      expect(await store.generationsKept(P)).toEqual([near, far]);
      expect((await wholeOf(store, near - 1)).generations.has(near)).toBe(true);
      await store.serving.retireDeltas(far + 1);
      expect(await store.generationsKept(P)).toEqual([]);
      expect((await wholeOf(store, far + 1)).state?.generation).toBe(farther);
    });
  });
}
