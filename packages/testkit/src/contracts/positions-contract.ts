/** What a store says of the records that it gives, the position that they are of among it: a part of its contract. */
import type { KeptRecords } from '@tributary/views/record';
import { expect, test } from 'vitest';
import { commitOf, P, type StoreUnderTest } from './store-under-test.ts';

const COMMITS = 30;
/** How many lines a user has after that number of commits. */
const LINES: Readonly<Record<string, (commits: number) => number>> = {
  one: (i) => i,
  two: (i) => Math.floor(i / 2),
  none: () => 0,
};

export function testPositions(make: () => Promise<StoreUnderTest>): void {
  test('law 5: a record whose position is said holds what was committed up to there, and no more, while commits go on', async () => {
    const { speed, serving } = await make();
    const users = Object.keys(LINES).map((userKey) => ({ partition: P, userKey }));
    const said: { readonly user: string; readonly position: string; readonly lines: number }[] = [];
    const read = async (some: typeof users) => {
      const positions = new Map<number, string>();
      const records = await serving.records(some, 1e6, { position: (i, position) => positions.set(i, position), kept: () => {} });
      for (const [i, position] of positions)
        said.push({ user: some[i]?.userKey ?? '', position, lines: String(records[i] ?? '').split('\n').length - 1 });
    };
    await read(users);
    expect(said).toEqual([]);
    for (let i = 1; i <= COMMITS; i++) {
      const line = `{"at":"p${i}"}\n`;
      const appends = new Map([['one', line], ...(i % 2 === 0 ? [['two', line] as const] : [])]);
      const commit = () => speed.commit(commitOf(i === 1 ? null : `p${i - 1}`, `p${i}`, { appends }));
      await Promise.all([read(users.slice(0, 1)), read(users), commit(), read(users)]);
    }
    await read(users);
    expect(said.map(({ user, position }) => ({ user, position, lines: LINES[user]?.(Number(position.slice(1))) }))).toEqual(said);
    expect(said.slice(-users.length).map(({ position }) => position)).toEqual(users.map(() => `p${COMMITS}`));
    expect(said.length).toBeGreaterThan(COMMITS);
  });

  test('law 7: what records hold is read with them, of each of their partitions', async () => {
    const { speed, serving } = await make();
    /** By partition, whether a record was found or not. */
    const keptOf = async (...partitions: readonly number[]) => {
      const found = new Map<number, KeptRecords | null>();
      const owners = partitions.map((partition) => ({ partition, userKey: partition === P ? 'Björk' : 'absent' }));
      await serving.records(owners, 1_000, { position: () => {}, kept: (partition, kept) => found.set(partition, kept) });
      return found;
    };
    expect(await keptOf(P)).toEqual(new Map([[P, null]]));
    const first = commitOf(null, 'p1');
    await speed.commit({ ...first, next: { ...first.next, logTimeMs: 1_764_000_000_000, keptMs: 86_400_000, cutTs: 5 } });
    expect((await keptOf(P)).get(P)).toMatchObject({ logTimeMs: 1_764_000_000_000, keptMs: 86_400_000, cutTs: 5 });
    const second = commitOf('p1', 'p2');
    await speed.commit({ ...second, next: { ...second.next, logTimeMs: 1_764_000_000_007 } });
    const both = await keptOf(P + 1, P);
    expect([both.size, both.get(P + 1), both.get(P)?.logTimeMs]).toEqual([2, null, 1_764_000_000_007]);
    expect(both.get(P)).not.toHaveProperty('keptMs');
  });
}
