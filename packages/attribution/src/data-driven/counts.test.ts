import { byCodePoint } from '@tributary/model/code-points';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalCoalitions, canonicalTransitions, renameChannels } from './counts.ts';
import { coalitionsOfPaths, lowerOrder, transitionsOfPath, transitionsOfPaths } from './path-counts.ts';
import { rateGame } from './rate-game.ts';
import { withShares } from './shares.ts';
import { sumGame } from './sum-game.ts';

const counts = { conversions: 1, nulls: 2, value: 3 };

describe('counts', () => {
  it('sort text by code point, as UTF-8 bytes do', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(byCodePoint(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
      {
        examples: [
          ['\u{1f600}', '\uff21'],
          ['\ud7ff', '\u{10000}'],
        ],
        numRuns: 1000,
      },
    );
  });

  it('merge equal sets and edges, make sets of lists, and drop what cancelled or has no path', () => {
    expect(
      canonicalCoalitions([
        { channels: ['b', 'a', 'b'], ...counts },
        { channels: ['a', 'b'], ...counts },
        { channels: [], ...counts },
        { channels: ['c'], conversions: 0, nulls: 0, value: 0 },
      ]),
    ).toEqual([{ channels: ['a', 'b'], conversions: 2, nulls: 4, value: 6 }]);
    const edge = { from: ['a'], to: [], ...counts };
    expect(
      canonicalTransitions([edge, { ...edge, from: ['a', 'a'] }, edge, { ...edge, conversions: 0, nulls: 0, value: 0 }]),
    ).toEqual([
      { ...edge, conversions: 2, nulls: 4, value: 6 },
      { ...edge, from: ['a', 'a'] },
    ]);
  });

  it('that cancelled leave no trace in any model', () => {
    const rows = [
      { channels: ['a'], ...counts },
      { channels: ['gone'], conversions: 0, nulls: 0, value: 0 },
    ];
    for (const model of [sumGame, rateGame]) expect(model(rows).channels.map(({ channel }) => channel)).toEqual(['a']);
  });

  it('keep edges apart whose channels join to the same text', () => {
    const rows = [
      { from: ['a', 'b'], to: ['c'], ...counts },
      { from: ['a'], to: ['b', 'c'], ...counts },
      { from: ['a b'], to: ['c'], ...counts },
    ];
    expect(canonicalTransitions(rows)).toHaveLength(3);
  });

  it('of the steps of a path: k-grams one touch apart, a short path being one state', () => {
    const steps = (path: string, order: number) =>
      transitionsOfPath(path.split(''), order).map(({ from, to }) => `${from.join('')}→${to.join('')}`);
    expect(steps('abcd', 1)).toEqual(['→a', 'a→b', 'b→c', 'c→d', 'd→']);
    expect(steps('abcd', 3)).toEqual(['→abc', 'abc→bcd', 'bcd→']);
    expect(steps('ab', 3)).toEqual(['→ab', 'ab→']);
    expect(transitionsOfPath([], 3)).toEqual([]);
  });

  it('carry value on the edge into the end only', () => {
    const transitions = transitionsOfPaths([{ path: ['a', 'b', 'c'], ...counts }], 2);
    expect(transitions.map(({ to, value }) => [to.join(''), value])).toEqual([
      ['ab', 0],
      ['bc', 0],
      ['', 3],
    ]);
    expect(lowerOrder(transitions, 1).reduce((sum, { value }) => sum + value, 0)).toBe(3);
  });

  it('renamed: grouped channels are one, in sets as in states, whatever was counted first', () => {
    const paths = [
      { path: ['a', 'x', 'y', 'x'], ...counts },
      { path: ['y'], ...counts },
      { path: ['x'], ...counts },
    ];
    const group = (channel: string) => (channel === 'a' ? 'a' : '(other)');
    const grouped = paths.map((row) => ({ ...row, path: row.path.map(group) }));
    expect(renameChannels(coalitionsOfPaths(paths), group)).toEqual(coalitionsOfPaths(grouped));
    for (const order of [1, 2, 3, 4])
      expect(renameChannels(transitionsOfPaths(paths, order), group)).toEqual(transitionsOfPaths(grouped, order));
    expect(renameChannels([], group)).toEqual([]);
  });
});

describe('shares', () => {
  const shares = (...effects: number[]) =>
    withShares(effects.map((effect, i) => [`channel ${i}`, effect])).map(({ share }) => share);

  it('are parts of the sum, negative ones included, however nearly the effects cancel', () => {
    expect(shares(3, 1)).toEqual([0.75, 0.25]);
    expect(shares(1, -0.99)).toEqual([expect.closeTo(100, 9), expect.closeTo(-99, 9)]);
    expect(shares(-2, -2)).toEqual([0.5, 0.5]);
  });

  it('are all 0 where the effects are 0, or cancel to rounding', () => {
    expect(shares(0, 0)).toEqual([0, 0]);
    expect(shares(0.1, 0.2, -0.3)).toEqual([0, 0, 0]);
    expect(shares()).toEqual([]);
  });
});
