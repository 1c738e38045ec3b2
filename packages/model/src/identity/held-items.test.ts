import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { byCodePoint } from '../code-points.ts';
import { emptyKey, membersOf, receiveEvent } from './adoption.ts';
import {
  addRow,
  countingOf,
  dropGone,
  firstOfId,
  type HeldItems,
  isFirstOfId,
  isHereAt,
  isWayBefore,
  itemAt,
  lentToAt,
  markGone,
  NONE,
  noItems,
  PLACES,
  pathAt,
  replaceItem,
  rowOfWay,
  rowsOfId,
  setCounting,
  setHere,
  setLentTo,
  setVersion,
  versionAt,
} from './held-items.ts';
import type { Item } from './item.ts';

const KEY = 'ada';

/** The same as objects. */
interface Plain {
  item: Item;
  version: string;
  isHere: boolean;
  lentTo: string | null;
}

const nameOf = ({ id, path }: Pick<Item, 'id' | 'path'>) => JSON.stringify([id, path]);

function addTo(held: HeldItems, item: Item, version = ''): number {
  return addRow(held, firstOfId(held, item.id), item, version);
}

function plainOf(held: HeldItems, row: number): Plain {
  return {
    item: itemAt(held, row, KEY),
    version: versionAt(held, row),
    isHere: isHereAt(held, row),
    lentTo: lentToAt(held, row),
  };
}

test.each([1, 2, 3, 4])('law 1: items that are held as bytes are those that came, however many, seed %i', (seed) => {
  const random = createRandom(seed);
  const held = noItems();
  const plain = new Map<string, Plain>();
  const counting = new Map<string, string>();
  // Few ids come by many ways, and many by one. Texts of any length, with all that Unicode has.
  const ids = Array.from(
    { length: 40 * seed },
    (_, i) => `${random.pick(['e', 'é', '日', '🛒', 'a\nb', '\ufeff'])}${i % (3 ** seed * 5)}`,
  );
  const keys = ['c', 'cookie-1', 'cookie-é', '🍪', 'd\td'];
  const pathOf = () => Array.from({ length: random.between(0, 4) }, () => random.pick(keys));
  const textOf = () => random.pick(['x', 'ü', '漢', '😀', '']).repeat(random.between(0, 60));
  for (let step = 0; step < 1_500; step++) {
    const id = random.pick(ids);
    const path = pathOf();
    const item: Item = {
      ...{ origin: path[0] ?? KEY, id, path, isKnown: random.chance(0.5), line: textOf() },
      ts: random.pick([0, 1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 8.64e15, -8.64e15, 1_764_000_000_123]) + random.between(0, 1) * 7,
    };
    const version = random.pick(['', '000001.0000000', `${step}`]);
    const name = nameOf(item);
    const row = rowOfWay(held, firstOfId(held, id), id, path);
    const known = plain.get(name);
    expect(row === NONE).toBe(known === undefined);
    const kind = random.between(0, 3);
    if (known === undefined) {
      const added = addTo(held, item, version);
      plain.set(name, { item, version, isHere: false, lentTo: null });
      if (kind === 0) setHere(held, added, ((plain.get(name) as Plain).isHere = true));
      if (kind === 1) {
        setCounting(held, firstOfId(held, id), added);
        counting.set(id, name);
      }
    } else if (kind === 0) {
      replaceItem(held, row, item, version);
      Object.assign(known, { item, version });
    } else if (kind === 1) {
      setVersion(held, row, version);
      known.version = version;
    } else if (kind === 2) {
      setHere(held, row, (known.isHere = !known.isHere));
      setLentTo(held, row, (known.lentTo = random.pick([null, 'ada', 'bob', 'eve'])));
    } else if (step % 10 === 0) {
      for (const one of rowsOfId(held, firstOfId(held, id))) {
        const { item: its } = plainOf(held, one);
        if (random.chance(0.3)) continue;
        markGone(held, one);
        plain.delete(nameOf(its));
        if (counting.get(id) === nameOf(its)) counting.delete(id);
      }
      dropGone(held);
    }
  }
  const left: string[] = [];
  for (let first = 0; first < held.count; first++) {
    if (!isFirstOfId(held, first)) continue;
    const rows = rowsOfId(held, first);
    const { id } = itemAt(held, first, KEY);
    expect(firstOfId(held, id)).toBe(first);
    const counts = countingOf(held, first);
    expect(counts === NONE ? undefined : nameOf(itemAt(held, counts, KEY))).toBe(counting.get(id));
    for (const row of rows) {
      const one = plainOf(held, row);
      left.push(nameOf(one.item));
      expect(one).toEqual(plain.get(nameOf(one.item)));
      expect(one.item.id).toBe(id);
    }
  }
  expect(left.sort()).toEqual([...plain.keys()].sort());
  expect(left.length).toBeGreaterThan(24);
});

const own = (id: string, line = ''): Item => ({ origin: KEY, id, ts: 1, isKnown: false, path: [], line });

test('law 1: ids with the same hashes are known apart by their texts', () => {
  for (const others of [0, 50]) {
    const held = noItems();
    for (let i = 0; i < others; i++) addTo(held, own(`other-${i}`));
    const row = addTo(held, own('apple'));
    const twin = noItems();
    addTo(twin, own('melon'));
    // As if they had them in common: hashes of the id and of the way.
    held.rows.set(twin.rows.subarray(0, 4), PLACES * row);
    held.table = undefined;
    addTo(held, own('last'));
    expect(firstOfId(held, 'melon')).toBe(NONE);
    expect(rowOfWay(held, row, 'melon', [])).toBe(NONE);
  }
});

test('law 7: what comes again and again takes as much memory as what came last', () => {
  const held = noItems();
  const row = addTo(held, own('one', 'x'.repeat(1_000)));
  for (let i = 0; i < 1_000; i++) replaceItem(held, row, own('one', 'y'.repeat(1_000)), String(i));
  expect(held.bytes.length).toBeLessThan(16_000);
  expect(plainOf(held, row)).toMatchObject({ version: '999', item: { line: 'y'.repeat(1_000) } });
});

/** Each of a pair leads 32-bit FNV-1a to where the other one does: half a second of search gives a thousand ids of one hash. */
const PAIRS =
  'd0qkyeh/2bdkawc jgmmuxd/fr7d7ag ac6pcb9/odph2cz t3a539e/ucot0m6 yj7z0zb/uiri5dx ' +
  'yeqt4pq/85tn9tf 9hxvdsa/asprxan va7kpwv/7396d8m kqnbc1n/lciajlw 1as9uw5/5v7rkdr';

test('law 7: ids that meet where hashes are known are found by as much work as others', () => {
  const pairs = PAIRS.split(' ').map((pair) => pair.split('/'));
  const idOf = (i: number) => pairs.map((pair, bit) => pair[(i >> bit) & 1]).join('');
  const held = noItems();
  for (let i = 0; i < 1_000; i++) addTo(held, own(idOf(i)));
  const reads = readsOf(held, () => {
    expect(itemAt(held, firstOfId(held, idOf(999)), KEY).id).toBe(idOf(999));
    addTo(held, own(idOf(1_000)));
  });
  expect(reads).toBeLessThan(200);
});

test('law 7: an item is found by as much work among many as among few, also where all are of one id', () => {
  for (const ofOne of [true, false]) {
    const held = noItems();
    const itemOf = (i: number): Item => ({ ...own(ofOne ? 'same' : `e${i}`), origin: `c${i}`, path: [`c${i}`] });
    for (let i = 0; i < 5_000; i++) addTo(held, itemOf(i));
    const { id, path } = itemOf(2_500);
    const reads = readsOf(held, () => {
      expect(itemAt(held, rowOfWay(held, firstOfId(held, id), id, path), KEY).origin).toBe('c2500');
      addRow(held, firstOfId(held, id), itemOf(5_000), '');
    });
    expect(reads).toBeLessThan(200);
  }
});

test('law 7: no more items are made of what counts for a key than are asked for', () => {
  const state = emptyKey(KEY, { windowMs: 1 });
  for (let i = 0; i < 100; i++) receiveEvent(state, own(`e${i}`), `${i}`);
  expect(membersOf(state, 1, 5).map(({ id }) => id)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
  expect(membersOf(state, 1).length).toBe(100);
  expect(membersOf(state, 2)).toEqual([]);
});

/** How often numbers of rows are read. */
function readsOf(held: HeldItems, work: () => void): number {
  let reads = 0;
  const watched: ProxyHandler<Int32Array> = {
    get(rows, place) {
      reads++;
      return Reflect.get(rows, place);
    },
  };
  held.rows = new Proxy(held.rows, watched);
  work();
  return reads;
}

test('law 2: among the ways that one id came by the own one comes first, then those by origins and keys in the order of code points', () => {
  const keys = ['a', 'ab', 'a b', 'é', '用户', '\u{ffee}', '😀', '😀a', 'z'];
  const paths = [
    [],
    ...keys.map((one) => [one]),
    ...keys.flatMap((one) => keys.flatMap((other) => (one === other ? [] : [[one, other]]))),
  ];
  const held = noItems();
  let first = NONE;
  for (const path of paths) {
    const row = addRow(held, first, { origin: path[0] ?? KEY, id: 'ö', ts: 1, isKnown: true, path, line: '' }, '1');
    if (first === NONE) first = row;
  }
  const inOrder = (a: number, b: number) => (isWayBefore(held, a, b) ? -1 : isWayBefore(held, b, a) ? 1 : 0);
  const sorted = rowsOfId(held, first)
    .sort(inOrder)
    .map((row) => pathAt(held, row));
  const byKeys = (a: readonly string[], b: readonly string[]) =>
    byCodePoint(a[0] ?? '', b[0] ?? '') || byCodePoint(a.join('\n'), b.join('\n'));
  expect(sorted).toEqual(paths.toSorted(byKeys));
  expect(sorted[0]).toEqual([]);
});
