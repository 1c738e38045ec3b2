import { expect, test } from 'vitest';
import { fittingIn } from '../records/record-reads.ts';
import { followed } from './delta-reads.ts';
import type { FeedRead } from './partition-reads.ts';

const VIEWS = new Set(['activity']);
const CURSOR = { commitId: 'c1', commits: 1 };

const entry = (id: string, after: string) =>
  [id, after, '0002', 'log-1', '1700000000000', '3', '', '3', '0', '0', '[]'].join('\n');
const look = (read: Partial<FeedRead>) =>
  followed(5, VIEWS, CURSOR, { oldest: 2, lastCommit: 'c3', same: false, entries: [], ...read });

test('a chain of commits from the cursor to the newest one is followed', () => {
  const { partition, oldest, commits } = look({ entries: [entry('c2', 'c1'), entry('c3', 'c2')] });
  expect([partition, oldest]).toEqual([5, 2]);
  expect(commits).toMatchObject([{ id: 'c2' }, { id: 'c3' }]);
  expect(look({ same: true, lastCommit: 'c1' }).commits).toEqual([]);
});

test.each([
  ['is no longer kept', []],
  ['does not reach the newest commit', [entry('c2', 'c1')]],
  ['begins after another commit', [entry('c3', 'c2')]],
  ['has an entry that cannot be read', [entry('c2', 'c1'), 'nonsense']],
])('law 7: a feed that %s is a gap', (_what, entries) => {
  expect(look({ entries }).commits).toBe('gap');
});

test('law 7: records are read in order as long as they fit; one that is too large leaves its room to the next', () => {
  expect(fittingIn([40, 70, 0, 60], 100)).toEqual([0, 2, 3]);
  expect(fittingIn([101, 100], 100)).toEqual([1]);
  expect(fittingIn([], 100)).toEqual([]);
});
