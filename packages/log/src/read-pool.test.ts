import { expect, it } from 'vitest';
import { createReadPool } from './read-pool.ts';

it('gives what was given back last, makes more up to its bound, and closes all of them', () => {
  const closed: number[] = [];
  let made = 0;
  const one = (id: number) => ({ id, close: () => void closed.push(id) });
  const pool = createReadPool(3, () => one(++made), one(0));
  const taken = [pool.take(), pool.take(), pool.take()];
  expect(taken.map(({ id }) => id)).toEqual([0, 1, 2]);
  expect(() => pool.take()).toThrow(expect.objectContaining({ code: 'overloaded' }));
  for (const each of taken) pool.giveBack(each);
  expect(pool.take().id).toBe(2);
  pool.closeAll();
  expect([closed, made]).toEqual([[0, 1, 2], 2]);
});
