import { expect, test } from 'vitest';
import { isChain, parseFeedEntry } from './feed.ts';

const HEAD = ['c2', 'c1', '0002', 'log-1', '1700000000000', '3', '', '2', '1', '0'];
const VIEWS = new Set(['conversions', 'activity']);
const entry = (...more: string[]) => parseFeedEntry([...HEAD, ...more].join('\n'), VIEWS);

test('an entry reads as what its commit said, rows of other views left out', () => {
  const key = '2026-03-01\tbúy\tEUR';
  expect(
    entry('3', 'touches', '1', '1', 'x', '1', 'activity', '1', '0', 'conversions', '2', '1', key, '-1', '9007199254740991'),
  ).toEqual({
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
  expect(entry('0')?.rows.size).toBe(0);
});

test('law 7: an entry of any other form is no entry, never a part of one', () => {
  const whole = ['1', 'conversions', '2', '2', 'a', '1', '2', 'b', '3', '4'];
  expect(entry(...whole)?.rows.get('conversions')?.size).toBe(2);
  for (let tokens = 0; tokens < whole.length; tokens++) expect(entry(...whole.slice(0, tokens)), `${tokens} tokens`).toBeNull();
  expect(entry(...whole, 'c')).toBeNull();
  // A key with a newline, which no validated text holds.
  expect(entry('1', 'conversions', '2', '2', 'a\na', '1', '2', 'b', '3', '4')).toBeNull();
  expect(entry('1', 'conversions', '2', '1', 'a', '1', '9007199254740993')).toBeNull();
  expect(entry('1', 'conversions', '2', '1', 'a', '1', 'x')).toBeNull();
  expect(parseFeedEntry('', VIEWS)).toBeNull();
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
