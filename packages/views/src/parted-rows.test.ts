import { sfc32 } from '@tributary/model/sfc32';
import { expect, test } from 'vitest';
import { addRow, type Rows } from './deltas.ts';
import { letGoRows, PartedRows, type Parts } from './parted-rows.ts';

const TAILS = ['', '\tmove\t1', '\tclick\t1'];
const TEXTS = ['a', 'b', '', 'é', '😀', '"\\', 'constructor', '__proto__'];

/** A row a step, into both: mostly as reports bring them, now and then one that parts do not take. */
function both(seed: number, odd: boolean): { readonly parted: PartedRows; readonly plain: Rows } {
  const bits = sfc32(seed, 1, 2);
  const below = (most: number) => bits() % most;
  const parted = new PartedRows(2, TAILS);
  const plain: Rows = new Map();
  for (let i = below(300); i > 0; i--) {
    const head = `2026-11-2${below(3)}\t${TEXTS[below(8)]}`;
    const [name, tail] = [`${TEXTS[below(8)]}${below(6)}`, below(3)];
    const sign = odd && below(50) === 0 ? -1 : 1;
    const large = odd && below(50) === 0 ? 2 ** 53 - 1 : 0;
    const measures = [below(3) === 0 ? 0 : below(1_000), below(2) + large];
    parted.addParts(head, name, tail, measures, sign);
    addRow(plain, `${head}\t${name}${TAILS[tail]}`, measures, sign);
    if (parted.size !== plain.size) expect(parted.size).toBe(plain.size);
  }
  return { parted, plain };
}

test('law 1: rows in parts are those of a map, in its order, whatever is added, and from each look on', () => {
  const looks: ((rows: Rows) => unknown)[] = [
    (rows) => [...rows],
    (rows) => [...rows.entries()],
    (rows) => [...rows.keys()],
    (rows) => [...rows.values()],
    (rows) => [rows.has('none'), rows.get([...plainKeys][0] ?? ''), rows.size],
    (rows) => {
      const all: unknown[] = [];
      rows.forEach((measures, key) => void all.push([key, measures]));
      return all;
    },
    (rows) => [rows.delete([...plainKeys][0] ?? ''), [...rows]],
    (rows) => [[...rows.set('new', [1, 2])], rows.size],
    (rows) => [rows.clear(), [...rows]],
  ];
  let plainKeys: readonly string[] = [];
  for (let seed = 0; seed < 180; seed++) {
    const { parted, plain } = both(seed, seed % 2 === 1);
    plainKeys = [...plain.keys()];
    const look = looks[seed % looks.length] as (rows: Rows) => unknown;
    expect(look(parted)).toEqual(look(plain));
    expect(parted.parts()).toBe(null);
    parted.addParts('h', 'n', 1, [1, 0], 1);
    addRow(plain, 'h\tn\tmove\t1', [1, 0]);
    expect([...parted]).toEqual([...plain]);
  }
});

test('law 7: cells and elements cannot be chosen so that rows in parts take longer', () => {
  const tails = Array.from({ length: 4_096 }, (_, i) => `\t${i}`);
  const rows = new PartedRows(1, tails);
  const names = Array.from({ length: 64 }, (_, i) => `n${i}`);
  // Numbers that differ in their high bits alone, and sums that are the same.
  for (let i = 0; i < 4; i++)
    for (const [n, name] of names.entries())
      for (const tail of [1_024 * i, 63 - n, 64 * n + i]) rows.addParts(`h${i}`, name, tail, [1], 1);
  expect(rows.longestSearch()).toBeLessThan(40);
});

test('law 1: rows that were sent leave their room, empty, to one that comes, and are not looked at again', () => {
  const tails = ['', '\tmove\t1'];
  const underWay: { readonly rows: PartedRows; readonly plain: Rows }[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const bits = sfc32(seed, 3, 4);
    const below = (most: number) => bits() % most;
    const rows = new PartedRows(2, tails);
    const plain: Rows = new Map();
    for (let i = 1_000 + below(2_000); i > 0; i--) {
      const [head, name, tail] = [`h${below(40)}`, `n${below(60)}`, below(2)];
      const measures = [1 + below(9), below(2)];
      expect(rows.addParts(head, name, tail, measures, 1)).toBe(true);
      addRow(plain, `${head}\t${name}${tails[tail]}`, measures);
    }
    underWay.push({ rows, plain });
    // Some commits are looked at before they are done, most are only written.
    if (seed % 7 === 0) expect(new Map(rows)).toEqual(plain);
    for (let done = below(3); done > 0 && underWay.length > 0; done--) {
      const { rows: sent, plain: of } = underWay.shift() as (typeof underWay)[number];
      expect(sent.size).toBe(of.size);
      const parts = sent.parts();
      if (parts !== null) expect(rowsIn(parts)).toEqual(of);
      letGoRows(new Map([['view', sent]]));
      letGoRows(new Map([['view', sent]]));
      if (parts !== null) expect(() => [...sent]).toThrow('let go');
      else expect(new Map(sent)).toEqual(of);
    }
  }
});

function rowsIn({ rows, width, heads, names, tails, keys, measures }: Parts): Rows {
  const all: Rows = new Map();
  for (let row = 0; row < rows; row++) {
    const [head = 0, name = 0, tail = 0] = keys.subarray(3 * row, 3 * row + 3);
    all.set(`${heads[head]}\t${names[name]}${tails[tail]}`, [...measures.subarray(width * row, width * (row + 1))]);
  }
  return all;
}
