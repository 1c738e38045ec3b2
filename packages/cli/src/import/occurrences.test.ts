import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOccurrenceIds } from './occurrences.ts';

describe('law 3: ids of imported rows', () => {
  test('reading the same rows again gives the same ids, and no two rows of one reading share one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c\n1', 'c\n2', '')), (rows) => {
        const [first, second] = [createOccurrenceIds(), createOccurrenceIds()];
        const ids = rows.map(first);
        expect(rows.map(second)).toEqual(ids);
        expect(new Set(ids).size).toBe(rows.length);
      }),
    );
  });

  test('the order of different rows does not matter', () => {
    const ids = (rows: string[]) => rows.map(createOccurrenceIds()).sort();
    expect(ids(['a', 'b', 'a', 'c'])).toEqual(ids(['c', 'a', 'a', 'b']));
  });

  test('memory is bounded: the row longest unseen is forgotten, one seen again stays', () => {
    const id = createOccurrenceIds(2);
    const firstA = id('a');
    id('b');
    const secondA = id('a');
    id('c'); // forgets b
    expect(id('a')).not.toBe(secondA);
    expect(id('b')).toBe(createOccurrenceIds()('b'));
    expect(firstA).not.toBe(secondA);
  });
});
