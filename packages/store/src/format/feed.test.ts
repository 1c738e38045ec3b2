import { expect, test } from 'vitest';
import { type CommittedDeltas, isChain, parseFeedEntry, stateWith } from './feed.ts';

const HEAD = ['c2', 'c1', '0002', 'log-1', '1700000000000', '3', '', '2', '1', '0'];
const VIEWS = new Set(['conversions', 'activity']);
const entry = (deltas: string) => parseFeedEntry([...HEAD, deltas].join('\n'), VIEWS);

test('an entry reads as what its commit said, rows of other views left out', () => {
  const key = '2026-03-01\tbúy\tEUR';
  const deltas = ['touches', 1, ['x', 1], 'activity', 1, [], 'conversions', 2, [key, -1, Number.MAX_SAFE_INTEGER]];
  expect(entry(JSON.stringify(deltas))).toEqual({
    id: 'c2',
    after: 'c1',
    next: { position: '0002', logIdentity: 'log-1', logTimeMs: 1_700_000_000_000, generation: 3, definitions: null },
    generation: 2,
    rows: new Map([
      ['activity', new Map()],
      ['conversions', new Map([[key, [-1, Number.MAX_SAFE_INTEGER]]])],
    ]),
    pending: 1,
    overflowed: 0,
  });
  expect(entry('[]')?.rows.size).toBe(0);
});

test('law 7: an entry of any other form is not an entry, never a part of one', () => {
  const whole = JSON.stringify(['conversions', 2, ['a', 1, 2, 'b', 3, 4]]);
  expect(entry(whole)?.rows.get('conversions')?.size).toBe(2);
  for (let length = 0; length < whole.length; length++) expect(entry(whole.slice(0, length)), whole.slice(0, length)).toBeNull();
  for (const other of [
    ['conversions', 2],
    ['conversions', 2, ['a', 1, 2, 'b', 3]],
    ['conversions', 2, ['a', 1, 2], 'activity'],
    ['conversions', 2, ['a', 1, 2 ** 53]],
    ['conversions', 2, ['a', 1, 'x']],
    ['conversions', 2, [1, 1, 1]],
    ['conversions', 2, 'a'],
    ['conversions', 'x', ['a', 1, 2]],
    [1, 2, ['a', 1, 2]],
    { conversions: 2 },
    null,
  ])
    expect(entry(JSON.stringify(other)), JSON.stringify(other)).toBeNull();
  expect(entry(`${whole}\nmore`)).toBeNull();
  expect(parseFeedEntry('', VIEWS)).toBeNull();
  for (const number of [4, 5, 7, 8, 9])
    expect(parseFeedEntry([...HEAD.with(number, 'x'), whole].join('\n'), VIEWS), `field ${number}`).toBeNull();
});

test('commits are a chain when each names the one before it, from what is known to what is newest', () => {
  const [a, b, c] = [
    { id: 'a', after: '' },
    { id: 'b', after: 'a' },
    { id: 'c', after: 'b' },
  ];
  expect(isChain([a, b, c], '', 'c')).toBe(true);
  expect(isChain([], 'c', 'c')).toBe(true);
  expect(isChain([a, c], '', 'c')).toBe(false);
  expect(isChain([b, c], '', 'c')).toBe(false);
  expect(isChain([a, b], '', 'c')).toBe(false);
  expect(isChain([b, a], 'a', 'a')).toBe(false);
});

test('barriers are copied where one is crossed, never with each commit: a rollback that is held leaves thousands', () => {
  const barriers = new Map([[2, '0001']]);
  const before = { position: '0001', logIdentity: 'log-1', logTimeMs: 0, generation: 3, definitions: '{}', barriers };
  const within = { ...(entry('[]') as CommittedDeltas), generation: 3 };
  expect(stateWith(before, within, 2).barriers).toBe(barriers);
  const across = { ...within, generation: 2 };
  expect(stateWith(before, across, 2).barriers).toEqual(
    new Map([
      [2, '0001'],
      [3, '0002'],
    ]),
  );
  expect(stateWith(before, across, 3).barriers).toEqual(new Map([[3, '0002']]));
});
