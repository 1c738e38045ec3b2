import { sfc32 } from '@tributary/model/sfc32';
import { addRows, type Rows } from '@tributary/views/deltas';
import { PartedRows, type Parts } from '@tributary/views/parted-rows';
import { expect, test } from 'vitest';
import { addBundles, isBundle, MOST_BUNDLE_BYTES } from '../format/row-bundle.ts';
import { unpackMeasures } from '../format/words.ts';
import { Bytes } from './bytes.ts';
import { writeBundle } from './write-bundle.ts';

const TAILS = ['', '\tmove\t1023', '\tclick\t7', ...Array.from({ length: 300 }, (_, i) => `\tmove\t${i}`)];
const TEXTS = ['/', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(1_000), 'é', 'é€', '😀', '"\\/\u007f', '\u2028', ''];
const NO_PAUSE = async () => undefined;

/** Mark, and length of a text of MessagePack. */
const HEAD_BYTES = 5;

function bundleOf(rows: PartedRows): Buffer | null {
  const bytes = new Bytes();
  bytes.byte(7);
  if (!writeBundle(bytes, rows.parts() as Parts)) {
    expect(bytes.length).toBe(1);
    return null;
  }
  const written = bytes.written().subarray(1);
  expect([written[0], written.readUInt32BE(1)]).toEqual([0xdb, written.length - HEAD_BYTES]);
  return Buffer.from(written.subarray(HEAD_BYTES));
}

function anyRows(seed: number, width: number): PartedRows {
  const bits = sfc32(seed, 7, 8);
  const below = (most: number) => bits() % most;
  const text = () => TEXTS[below(TEXTS.length)] as string;
  const rows = new PartedRows(width, TAILS);
  for (let i = below(400); i > 0; i--) {
    const measures = Array.from({ length: width }, () => (below(3) === 0 ? 0 : below(10 ** below(8))));
    rows.addParts(`${text()}\t${below(4)}`, `${text()}${below(200)}`, below(TAILS.length), measures, 1);
  }
  // A sum that 32 bits do not hold.
  if (below(3) === 0)
    for (let i = below(2 ** 11); i > 0; i--) rows.addParts('/', 'often', 1, new Array<number>(width).fill(2 ** 24), 1);
  return rows;
}

test('law 1: bundles add up with rows to what their rows come to, whatever these are', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const width = [1, 9, 20][seed % 3] as number;
    const [first, second] = [anyRows(2 * seed, width), anyRows(2 * seed + 1, width)];
    const bundles = [first, second].map((rows) => bundleOf(rows) as Buffer);
    const expected: Rows = new Map();
    for (const rows of [first, second]) addRows(expected, new Map(rows));
    // Some keys have rows of their own beside bundles, and one of them takes away all that these say.
    const own: Rows = new Map([...expected].slice(0, 5).map(([key, row]) => [key, row.map(() => 2n ** 70n)]));
    const gone = [...expected].at(-1);
    if (gone !== undefined && !own.has(gone[0]))
      own.set(
        gone[0],
        gone[1].map((measure) => -measure),
      );
    addRows(expected, own);
    const sum = new Map([...own].map(([key, row]) => [key, row.slice()]));
    await addBundles(sum, bundles, NO_PAUSE);
    expect(sum).toEqual(expected);
  }
});

test('law 1: who knows no bundles refuses each', () => {
  for (let more = 0; more < 60; more++) {
    const rows = new PartedRows(1, TAILS);
    for (let i = 0; i <= more; i++) rows.addParts('h', 'x'.repeat(i % 3), i % 2, [1 + i], 1);
    rows.addParts('of a length of its own', 'x'.repeat(more), 0, [1], 1);
    const bundle = bundleOf(rows) as Buffer;
    expect(isBundle(bundle)).toBe(true);
    expect(() => unpackMeasures(bundle)).toThrow(RangeError);
  }
});

test('no row is taken for a bundle', () => {
  for (const width of [1, 9, 20])
    for (const form of [
      Buffer.alloc(1 + 4 * width, 2).fill(0, 0, 1),
      Buffer.alloc(8 * width, 2),
      Buffer.alloc(1 + 12 * width, 2).fill(1, 0, 1),
    ])
      expect(isBundle(form)).toBe(false);
});

test('law 7: a bundle is as large as a page of a reader at most, and holds texts alone', () => {
  const rows = new PartedRows(1, TAILS);
  for (let i = 0; i < 30_000; i++) rows.addParts('/', `${i}`, 0, [1], 1);
  expect(bundleOf(rows)?.length).toBeLessThanOrEqual(MOST_BUNDLE_BYTES);
  for (let i = 0; i < 60_000; i++) rows.addParts('/', `${i}`, 0, [1], 1);
  expect(bundleOf(rows)).toBe(null);
  for (const [head, name] of [
    ['\ud800', 'y'],
    ['y', `${'x'.repeat(200)}\udfff`],
  ] as const) {
    const odd = new PartedRows(1, TAILS);
    odd.addParts(head, name, 1, [1], 1);
    expect(bundleOf(odd)).toBe(null);
  }
});

test('law 7: a bundle that ends too early is refused', async () => {
  const rows = new PartedRows(1, TAILS);
  for (let i = 0; i < 10; i++) rows.addParts('h', `${i}`, 0, [1], 1);
  const bundle = bundleOf(rows) as Buffer;
  await expect(addBundles(new Map(), [bundle.subarray(0, 30)], NO_PAUSE)).rejects.toThrow('must not end within a number');
});

test('law 7: rows of bundles are added some thousand at a turn', async () => {
  const rows = new PartedRows(1, TAILS);
  for (let i = 0; i < 30_000; i++) rows.addParts('/', `${i}`, 0, [1], 1);
  const bundle = bundleOf(rows) as Buffer;
  let pauses = 0;
  await addBundles(new Map(), [bundle, bundle], async () => pauses++);
  expect(pauses).toBe(7);
});
