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
  });
}
