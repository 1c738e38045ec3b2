import { expect, test } from 'vitest';
import { createRowMemory } from '../src/row-memory.ts';

test('a row memory keeps what was used of late, within its bounds in number and rows', () => {
  const memory = createRowMemory<string>({ entries: 3, rows: 100 });
  for (const key of ['a', 'b', 'c']) memory.set(key, key, 10);
  expect(memory.get('a')).toBe('a');
  memory.set('d', 'd', 10);
  expect(['a', 'b', 'c', 'd'].map((key) => memory.get(key))).toEqual(['a', undefined, 'c', 'd']);
  for (const [key, rows] of Object.entries({ e: 25, f: 25, g: 25 })) memory.set(key, key, rows);
  expect(['a', 'c', 'd', 'e', 'f', 'g'].map((key) => memory.get(key))).toEqual([undefined, undefined, undefined, 'e', 'f', 'g']);
});

test('a row memory holds its bound in rows when values grow, and gives back what it forgets', () => {
  const memory = createRowMemory<number>({ entries: 100, rows: 100 });
  for (let i = 0; i < 10; i++) memory.set(`${i}`, i, 10);
  memory.set('9', 9, 25);
  expect([0, 1, 2, 9].map((i) => memory.get(`${i}`))).toEqual([undefined, undefined, 2, 9]);
  memory.forget((value) => value !== 9);
  for (let i = 20; i < 27; i++) memory.set(`${i}`, i, 10);
  expect(memory.get('9')).toBe(9);
  // What would fill a quarter is not remembered, and what was remembered in its place is wrong by now.
  memory.set('9', 99, 26);
  expect(memory.get('9')).toBeUndefined();
});
