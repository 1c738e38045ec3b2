import { sfc32 } from '@tributary/model/sfc32';
import type { RowsByView } from '@tributary/views/deltas';
import { PartedRows } from '@tributary/views/parted-rows';
import { expect, test } from 'vitest';
import { deltasJson } from './deltas-json.ts';

const TAILS = ['', '\tmove\t1023', '\tclick\t7'];
const TEXTS = ['/', 'x'.repeat(300), 'é€', '😀', '"\\/\u007f', '\ud800', '\u2028', '</script>', '9'];

test('law 1: rows in parts are written as the JSON of the same rows as a map', () => {
  for (let seed = 0; seed < 60; seed++) {
    const bits = sfc32(seed, 3, 4);
    const below = (most: number) => bits() % most;
    const text = () => TEXTS[below(TEXTS.length)] as string;
    const deltas: RowsByView = new Map([
      ['none', new Map()],
      ['empty', new PartedRows(1, TAILS)],
    ]);
    if (below(2) === 0) deltas.set('plain', new Map([[`${text()}\t${text()}`, [1, -2, 2n ** 70n]]]));
    for (const [view, width] of [
      ['heat', 1],
      ['attention', 9],
    ] as const) {
      const rows = new PartedRows(width, TAILS);
      for (let i = below(400); i > 0; i--)
        rows.addParts(
          `${text()}\t${below(4)}`,
          text(),
          below(3),
          Array.from({ length: width }, () => below(10 ** below(8))),
          1,
        );
      deltas.set(view, rows);
    }
    const written = String(deltasJson(deltas));
    const joined: RowsByView = new Map([...deltas].map(([view, rows]) => [view, new Map(rows)]));
    expect(byView(written)).toEqual(byView(String(deltasJson(joined))));
    for (const [view, rows] of joined) if (rows.size > 0) expect(byView(written).get(view)).toEqual(flat(rows));
  }
});

function byView(json: string): Map<string, unknown> {
  const all = JSON.parse(json) as unknown[];
  return new Map(Array.from({ length: all.length / 3 }, (_, i) => [all[3 * i] as string, all[3 * i + 2]]));
}

function flat(rows: ReadonlyMap<string, readonly (number | bigint)[]>): unknown[] {
  return [...rows].flatMap(([key, measures]) => [key, ...measures.map((one) => (typeof one === 'bigint' ? [0, 0, 64] : one))]);
}
