import type { Integer } from '@tributary/model/integer';
import type { RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CommittedDeltas, isChain, parseFeedEntries, parseFeedEntry, stateWith } from './feed.ts';
import { fromJsonMeasure, toJsonMeasure } from './words.ts';

const HEAD = ['c2', 'c1', '0002', 'log-1', '1700000000000', '3', '', '2', '1', '0'];
const VIEWS = new Set(['conversions', 'activity']);
const entry = (deltas: string) => parseFeedEntry([...HEAD, deltas].join('\n'), VIEWS);

test('an entry reads as what its commit said, rows of other views left out', () => {
  const key = '2026-03-01\tbúy\tEUR';
  const deltas = ['touches', 1, ['x', 1], 'activity', 1, [], 'conversions', 2, [key, -1, Number.MAX_SAFE_INTEGER]];
  expect(entry(JSON.stringify(deltas))).toEqual({
    id: 'c2',
    after: 'c1',
    next: { position: '0002', logIdentity: 'log-1', logTimeMs: 1_700_000_000_000, generation: 3, definitions: null },
    generation: 2,
    rows: new Map([
      ['activity', new Map()],
      ['conversions', new Map([[key, [-1, Number.MAX_SAFE_INTEGER]]])],
    ]),
    pending: 1,
    overflowed: 0,
  });
  expect(entry('[]')?.rows.size).toBe(0);
});

test('law 7: an entry of any other form is not an entry, never a part of one', () => {
  const whole = JSON.stringify(['conversions', 2, ['a', 1, 2, 'b', 3, 4]]);
  expect(entry(whole)?.rows.get('conversions')?.size).toBe(2);
  for (let length = 0; length < whole.length; length++) expect(entry(whole.slice(0, length)), whole.slice(0, length)).toBeNull();
  for (const other of [
    ['conversions', 2],
    ['conversions', 2, ['a', 1, 2, 'b', 3]],
    ['conversions', 2, ['a', 1, 2], 'activity'],
    ['conversions', 2, ['a', 1, 2 ** 53]],
    ['conversions', 2, ['a', 1, 'x']],
    ['conversions', 2, [1, 1, 1]],
    ['conversions', 2, 'a'],
    ['conversions', 'x', ['a', 1, 2]],
    [1, 2, ['a', 1, 2]],
    { conversions: 2 },
    null,
  ])
    expect(entry(JSON.stringify(other)), JSON.stringify(other)).toBeNull();
  expect(entry(`${whole}\nmore`)).toBeNull();
  expect(parseFeedEntry('', VIEWS)).toBeNull();
  for (const number of [4, 5, 7, 8, 9])
    expect(parseFeedEntry([...HEAD.with(number, 'x'), whole].join('\n'), VIEWS), `field ${number}`).toBeNull();
});

/** The same by one JSON.parse, for text without spaces. */
function plainRows(json: string): RowsByView {
  const rows: RowsByView = new Map();
  const flat = JSON.parse(json) as unknown[];
  for (let v = 0; v < flat.length; v += 3) {
    const [name, width] = [flat[v] as string, 1 + (flat[v + 1] as number)];
    const list = flat[v + 2] as unknown[];
    const own = rows.get(name) ?? new Map();
    if (VIEWS.has(name)) rows.set(name, own);
    for (let at = 0; at < list.length; at += width)
      own.set(list[at] as string, list.slice(at + 1, at + width).map(fromJsonMeasure) as Integer[]);
  }
  return rows;
}

const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 60n, max: 2n ** 90n }),
  fc.constant(-(2n ** 70n)),
);
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', ',', '1', 'é', '\t', '\u{1f600}'), maxLength: 9 }),
  fc.string(),
);
const views = fc.array(
  fc.record({
    view: fc.constantFrom('conversions', 'activity', 'touches', 'a "view"'),
    rows: fc.array(fc.tuple(name, integer, integer), { maxLength: 6 }),
  }),
  { maxLength: 4 },
);
const jsonOf = (all: readonly { readonly view: string; readonly rows: readonly (readonly [string, Integer, Integer])[] }[]) =>
  JSON.stringify(all.flatMap(({ view, rows }) => [view, 2, rows.flatMap(([key, ...both]) => [key, ...both.map(toJsonMeasure)])]));

test('law 1: read in pieces of any length, an entry is what one JSON.parse says, and a damaged one is that or none', async () => {
  let damaged = 0;
  await fc.assert(
    fc.asyncProperty(
      views,
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      fc.string({ maxLength: 2 }),
      async (all, most, where, by) => {
        const json = jsonOf(all);
        const inPieces = async (text: string) =>
          (await parseFeedEntries([[...HEAD, text].join('\n')], VIEWS, async () => undefined, { most }))?.[0]?.rows ?? null;
        expect(await inPieces(json)).toEqual(plainRows(json));
        const at = where % (json.length + 1);
        const other = json.slice(0, at) + by + json.slice(at + 1);
        const read = await inPieces(other);
        if (read === null) damaged++;
        else expect(read).toEqual(plainRows(other));
      },
    ),
    { numRuns: 3_000 },
  );
  expect(damaged).toBeGreaterThan(300);
});

test('law 7: entries of several MiB are read some 64 KiB at a turn, many small ones as well, and a pause that rejects ends it', async () => {
  const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => [`2026-03-01\tcampaign ${i}\tEUR`, i, 1]).flat();
  const large = [...HEAD, JSON.stringify(['touches', 2, rowsOf(20_000), 'conversions', 2, rowsOf(20_000)])].join('\n');
  const small = [...HEAD, JSON.stringify(['conversions', 2, rowsOf(100)])].join('\n');
  for (const entries of [[large], new Array<string>(400).fill(small)]) {
    let pauses = 0;
    const read = await parseFeedEntries(entries, VIEWS, async () => pauses++);
    const characters = entries.reduce((sum, { length }) => sum + length, 0);
    expect(pauses).toBeGreaterThan(characters / 75_000);
    expect(pauses).toBeLessThanOrEqual(characters / 65_536);
    expect(read).toEqual(entries.map((one) => parseFeedEntry(one, VIEWS)));
  }
  await expect(parseFeedEntries([large], VIEWS, () => Promise.reject(new Error('given up')))).rejects.toThrow(/^given up$/);
});

test('commits are a chain when each names the one before it, from what is known to what is newest', () => {
  const [a, b, c] = [
    { id: 'a', after: '' },
    { id: 'b', after: 'a' },
    { id: 'c', after: 'b' },
  ];
  expect(isChain([a, b, c], '', 'c')).toBe(true);
  expect(isChain([], 'c', 'c')).toBe(true);
  expect(isChain([a, c], '', 'c')).toBe(false);
  expect(isChain([b, c], '', 'c')).toBe(false);
  expect(isChain([a, b], '', 'c')).toBe(false);
  expect(isChain([b, a], 'a', 'a')).toBe(false);
});

test('barriers are copied where one is crossed, never with each commit: a rollback that is held leaves thousands', () => {
  const barriers = new Map([[2, '0001']]);
  const before = { position: '0001', logIdentity: 'log-1', logTimeMs: 0, generation: 3, definitions: '{}', barriers };
  const within = { ...(entry('[]') as CommittedDeltas), generation: 3 };
  expect(stateWith(before, within, 2).barriers).toBe(barriers);
  const across = { ...within, generation: 2 };
  expect(stateWith(before, across, 2).barriers).toEqual(
    new Map([
      [2, '0001'],
      [3, '0002'],
    ]),
  );
  expect(stateWith(before, across, 3).barriers).toEqual(new Map([[3, '0002']]));
});
