import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import * as transforms from './transforms.ts';

const direct = new Set(['d']);
const all = {
  unique: transforms.unique,
  exposure: transforms.exposure,
  first: transforms.firstOccurrence,
  frequency: transforms.frequency,
  'last 3': transforms.lastTouches(3),
  'direct unless all': transforms.directUnlessAll(direct),
  'direct unless last': transforms.directUnlessLast(direct),
  'direct tail': transforms.directTail(direct),
};
const anyPath = fc.array(fc.constantFrom('a', 'b', 'c', 'd', '__proto__'), { maxLength: 12 });

describe('examples', () => {
  it.each([
    ['unique', 'dabbcdcc', 'd a b b c d c c'],
    ['exposure', 'dabbcdcc', 'd a b c d c'],
    ['first', 'dabbcdcc', 'd a b c'],
    ['frequency', 'dabbcdcc', 'd(2) a(1) b(2) c(3)'],
    ['last 3', 'dabbcdcc', 'd c c'],
    ['last 3', 'da', 'd a'],
    ['direct unless all', 'dabd', 'a b'],
    ['direct unless all', 'ddd', 'd d d'],
    ['direct unless last', 'dabd', 'a b d'],
    ['direct unless last', 'dadb', 'a b'],
    ['direct unless last', 'ddd', 'd'],
    ['direct tail', 'dabdd', 'd a b'],
    ['direct tail', 'ddd', 'd d d'],
  ] as const)('%s: %s becomes %s', (name, path, expected) => {
    expect(all[name]([...path]).join(' ')).toBe(expected);
  });

  test('transforms are composed from the left, and the order matters', () => {
    const { exposure } = transforms;
    const tail = transforms.lastTouches(2);
    expect(transforms.composed([exposure, tail])(['a', 'b', 'b'])).toEqual(['a', 'b']);
    expect(transforms.composed([tail, exposure])(['a', 'b', 'b'])).toEqual(['b']);
    expect(transforms.composed([])(['a'])).toEqual(['a']);
  });
});

describe('laws', () => {
  test.each(Object.entries(all))('%s never makes a path empty, nor touches out of nothing', (_, transform) => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const changed = transform(path);
        expect(changed.length === 0).toBe(path.length === 0);
        expect(changed.length).toBeLessThanOrEqual(path.length);
      }),
    );
  });

  test.each(Object.entries(all).filter(([name]) => name !== 'frequency'))('%s twice is the same as once', (_, transform) => {
    fc.assert(
      fc.property(anyPath, (path) => {
        expect(transform(transform(path))).toEqual(transform(path));
      }),
    );
  });

  test('first occurrences of exposures are first occurrences', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        expect(transforms.firstOccurrence(transforms.exposure(path))).toEqual(transforms.firstOccurrence(path));
      }),
    );
  });

  test('frequency keeps every touch in its counts', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const counts = transforms.frequency(path).map((name) => Number(/\((\d+)\)$/.exec(name)?.[1]));
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(path.length);
      }),
    );
  });
});
