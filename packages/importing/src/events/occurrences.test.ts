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

  test('memory is bounded: a row is remembered for the next two different ones at least, and forgotten after four', () => {
    let forgets = 0;
    const id = createOccurrenceIds(2, () => forgets++);
    const ids = ['a', 'b', 'a', 'c', 'b', 'a'].map((row) => id(row));
    const whole = createOccurrenceIds();
    expect(ids).toEqual(['a', 'b', 'a', 'c', 'b', 'a'].map((row) => whole(row)));
    for (const row of ['d', 'e', 'f', 'g']) id(row);
    expect(forgets).toBeGreaterThan(0);
    expect(id('b')).toBe(createOccurrenceIds()('b'));
  });
});
