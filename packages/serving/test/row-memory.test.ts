import { createRandom } from '@tributary/testkit/inputs/random';
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

test('a row memory forgets what a list in order of use would, whatever it is asked in turn', () => {
  const random = createRandom(7);
  const bounds = { entries: 6, rows: 40 };
  const memory = createRowMemory<string>(bounds);
  let listed: { readonly key: string; readonly rows: number }[] = [];
  for (let turn = 0; turn < 5_000; turn++) {
    const key = random.pick(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
    const known = listed.find((one) => one.key === key);
    const others = listed.filter((one) => one !== known);
    if (random.chance(0.02)) {
      memory.forget((value) => value < key);
      listed = listed.filter((one) => one.key >= key);
    } else if (random.chance(0.5)) {
      expect(memory.get(key)).toBe(known?.key);
      if (known !== undefined) listed = [...others, known];
    } else {
      const rows = random.between(1, 11);
      memory.set(key, key, rows);
      listed = rows > 10 ? others : [...others, { key, rows }];
      while (listed.length > bounds.entries || listed.reduce((sum, one) => sum + one.rows, 0) > bounds.rows) listed.shift();
    }
    expect(memory.values()).toEqual(listed.map((one) => one.key));
  }
});

test('a row memory forgets what was set first, up to the first that stays, whatever was used since', () => {
  const memory = createRowMemory<string>({ entries: 10, rows: 100 });
  for (const key of ['a', 'b', 'c', 'd', 'e']) memory.set(key, key, 10);
  memory.set('a', 'a again', 10);
  memory.get('b');
  memory.forgetFirst((value) => value !== 'd' && value !== 'a again');
  expect(memory.values()).toEqual(['d', 'e', 'a again']);
});
