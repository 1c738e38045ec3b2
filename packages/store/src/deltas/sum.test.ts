/** Deltas of several generations are added up in turns. */
import type { Rows } from '@tributary/views/deltas';
import { expect, test } from 'vitest';
import { sumOf } from './delta-reads.ts';

const MANY = 20_000;

test('laws 1 and 7: rows of many generations are added some thousand at a turn, and those that vanish are left out', async () => {
  const generationOf = (amount: number) => {
    const rows: Rows = new Map(Array.from({ length: MANY }, (_, i) => [`row ${i}`, [i === 0 ? amount - 2 : amount]]));
    return { rows: new Map([['activity', rows]]), pending: 1, overflowed: 2 };
  };
  const generations = new Map([1, 2, 3].map((amount) => [amount, generationOf(amount)]));
  let turns = 0;
  const sum = await sumOf(5, ['activity', 'touches'], { fields: {}, generations }, async () => void turns++);
  expect(sum).toMatchObject({ partition: 5, pending: 3, overflowed: 6 });
  expect(sum.rows.get('touches')).toEqual(new Map());
  expect(sum.rows.get('activity')?.get('row 7')).toEqual([6]);
  expect(sum.rows.get('activity')?.size).toBe(MANY - 1);
  // Those of the first generation are taken as they are.
  expect(turns).toBe(Math.floor((2 * MANY) / 8_192));
});
