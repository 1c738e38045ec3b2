import { sfc32 } from '@tributary/model/sfc32';
import type { RowsByView } from '@tributary/views/deltas';
import { PartedRows } from '@tributary/views/parted-rows';
import { expect, test } from 'vitest';
import { PACKED_ROWS, packedDeltas } from './packed-deltas.ts';

const TAILS = ['', '\tmove\t1023', '\tclick\t7'];
const TEXTS = ['/', 'x'.repeat(300), 'é', 'é€', '😀', '"\\/\u007f', '\u2028', '</script>', '9'];
/** What a row takes at once, so that 200 of it need more than 32 bits. */
const MOST = 2 ** 24;

test('law 1: rows in parts are written in a large commit as the same rows as a map', () => {
  for (let seed = 0; seed < 20; seed++) {
    const bits = sfc32(seed, 5, 6);
    const below = (most: number) => bits() % most;
    const text = () => TEXTS[below(TEXTS.length)] as string;
    const deltas: RowsByView = new Map([['plain', new Map([[`${text()}\t${text()}`, [1, -2, 2n ** 70n]]])]]);
    for (const [view, width] of [
      ['heat', 1],
      ['attention', 9],
      ['wide', 20],
    ] as const) {
      const rows = new PartedRows(width, TAILS);
      const add = (name: string, most: number) =>
        rows.addParts(
          `${text()}\t${below(4)}`,
          name,
          below(3),
          Array.from({ length: width }, () => below(most)),
          1,
        );
      for (let i = 0; i < PACKED_ROWS; i++) add(`${text()}${i}`, 10 ** below(8));
      if (below(2) === 0) for (let i = 0; i < 200; i++) rows.addParts('/', 'often', 1, new Array<number>(width).fill(MOST), 1);
      deltas.set(view, rows);
    }
    const written = packedDeltas(deltas, null);
    expect(written?.length).toBeGreaterThan(3 * PACKED_ROWS);
    const joined: RowsByView = new Map([...deltas].map(([view, rows]) => [view, new Map(rows)]));
    expect(packedDeltas(joined, null)?.equals(written as Buffer)).toBe(true);
  }
});

test('a key that is too long, or no text, has no such form', () => {
  for (const [head, name] of [
    ['x'.repeat(40_000), 'y'.repeat(30_000)],
    ['\ud800', 'y'],
  ] as const) {
    const rows = new PartedRows(1, TAILS);
    for (let i = 0; i < PACKED_ROWS; i++) rows.addParts('/', `${i}`, 0, [1], 1);
    rows.addParts(head, name, 1, [1], 1);
    expect(packedDeltas(new Map([['heat', rows]]), null)).toBe(null);
  }
});
