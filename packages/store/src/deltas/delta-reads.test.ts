import { expect, test } from 'vitest';
import { fittingIn } from '../records/record-reads.ts';
import { followed } from './delta-reads.ts';
import type { FeedRead } from './partition-reads-port.ts';

const VIEWS = new Set(['activity']);
const CURSOR = { commitId: 'c1', commits: 1 };

const entry = (id: string, after: string) =>
  [id, after, '0002', 'log-1', '1700000000000', '3', '', '3', '0', '0', '[]'].join('\n');
async function look(read: Partial<FeedRead>) {
  const reads = [{ oldest: 2, lastCommit: 'c3', same: false, entries: [], ...read }];
  return (await followed(VIEWS, [CURSOR], reads, async () => undefined))[0];
}

test('a chain of commits from the cursor to the newest one is followed', async () => {
  const commits = [{ id: 'c2' }, { id: 'c3' }];
  expect(await look({ entries: [entry('c2', 'c1'), entry('c3', 'c2')] })).toMatchObject({ partition: 0, oldest: 2, commits });
  expect(await look({ same: true, lastCommit: 'c1' })).toMatchObject({ commits: [] });
});

test.each([
  ['is no longer kept', []],
  ['does not reach the newest commit', [entry('c2', 'c1')]],
  ['begins after another commit', [entry('c3', 'c2')]],
  ['has an entry that cannot be read', [entry('c2', 'c1'), 'nonsense']],
])('law 7: a feed that %s is a gap', async (_what, entries) => {
  expect(await look({ entries })).toMatchObject({ commits: 'gap' });
});

test('law 7: what many partitions committed is read with pauses, however little each of them did', async () => {
  const rows = JSON.stringify(['activity', 1, Array.from({ length: 2_000 }, (_, i) => [`row ${i}`, i]).flat()]);
  const entries = [`${entry('c2', 'c1').slice(0, -2)}${rows}`];
  const reads = Array.from({ length: 16 }, () => ({ oldest: 2, lastCommit: 'c2', same: false, entries }));
  let pauses = 0;
  const all = await followed(VIEWS, new Array(16).fill(CURSOR), reads, async () => pauses++);
  expect(all.map(({ partition }) => partition)).toEqual(reads.map((_, partition) => partition));
  for (const { commits } of all) expect(commits).toMatchObject([{ id: 'c2' }]);
  // Three of them are more than 64 KiB, two are not.
  expect(entries[0]?.length).toBeLessThan(32_768);
  expect(pauses).toBe(5);
});

test('law 7: records are read in order as long as they fit; one that is too large leaves its room to the next', () => {
  expect(fittingIn([40, 70, 0, 60], 100)).toEqual([0, 2, 3]);
  expect(fittingIn([101, 100], 100)).toEqual([1]);
  expect(fittingIn([], 100)).toEqual([]);
});
