/** What a store says of the position that records are of: a part of its contract. */
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
      const records = await serving.records(some, 1e6, (i, position) => positions.set(i, position));
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
}
