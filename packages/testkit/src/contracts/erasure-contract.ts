/** The contract of the stores about users who were erased: every adapter runs it. */
import { describe, expect, test } from 'vitest';
import { commitOf, P, type StoreUnderTest } from './store-under-test.ts';

export function describeErasureContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`erasure contract: ${name}`, () => {
    test('law 9: a record rewritten to nothing is gone, and who is erased is known until a commit says otherwise', async () => {
      const { speed } = await make();
      const erasing = (from: string | null, to: string, erased?: readonly string[]) => {
        const commit = commitOf(from, to, { rewrites: new Map([['ana', to === 'p2' ? '' : 'line\n']]) });
        return { ...commit, next: { ...commit.next, ...(erased && { erased }) } };
      };
      const states: unknown[] = [];
      for (const [from, to, erased] of [
        [null, 'p1'],
        ['p1', 'p2', ['a1', 'b2']],
        ['p2', 'p3', ['a1', 'b2']],
        ['p3', 'p4', []],
      ] as const) {
        expect(await speed.commit(erasing(from, to, erased))).toBe('committed');
        const { records } = await speed.loadRecords(P, ['ana'], 1e6);
        states.push([records[0], (await speed.loadState(P))?.erased]);
      }
      expect(states).toEqual([
        ['line\n', undefined],
        [null, ['a1', 'b2']],
        ['line\n', ['a1', 'b2']],
        ['line\n', []],
      ]);
    });

    test('law 9: dead letters that are to go do, where the barrier was read, and what was looked at is noted', async () => {
      const { speed, serving } = await make();
      const parked = Array.from({ length: 450 }, (_, i) => ({ at: `p1.${i}`, code: 'no', message: 'no', raw: `{${i % 3}` }));
      for (const [partition, generation] of [
        [P, 2],
        [0, 1],
      ] as const) {
        const commit = commitOf(null, 'p1', { parked });
        expect(await speed.commit({ ...commit, partition, next: { ...commit.next, generation } })).toBe('committed');
      }
      const left = async () => (await serving.deadLetters.page(1_000)).letters.filter(({ raw }) => raw === '{1').length;
      expect(await left()).toBe(300);
      expect(await serving.deadLetters.forget(2, ({ raw }) => raw === '{1')).toBe(150);
      expect(await left()).toBe(150);
      expect((await serving.deadLetters.page(1_000)).letters).toHaveLength(750);
      const noted = async () => (await serving.states()).map((state) => state?.lettersWithout);
      expect([(await noted())[P], (await noted())[0]]).toEqual([2, undefined]);
      expect(await serving.deadLetters.forget(1, () => false)).toBe(0);
      expect([(await noted())[P], (await noted())[0]]).toEqual([1, 1]);
    });
  });
}
