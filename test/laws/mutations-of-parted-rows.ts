/** Lies about rows whose keys stay in parts, and how they are written. */
import type { Mutation } from './mutation-list.ts';

const BUNDLES = 'packages/store/src/format/row-bundle.ts';
const BUNDLE_WRITER = 'packages/store/src/commit/write-bundle.ts';
const BUNDLE_TEST = 'packages/store/src/commit/write-bundle.test.ts';
const READ = 'packages/store/src/deltas/paged-read.ts';
const READ_TEST = 'packages/store/src/deltas/paged-read.test.ts';
const COMMIT = 'packages/store/src/commit/commit.lua';
const STORE = 'test/contract/store.redis.test.ts';

const PACKED = 'packages/store/src/commit/packed-deltas.test.ts';
const WRITTEN = 'packages/store/src/commit/packed-parts.ts';
const PARTED = 'packages/views/src/parted-rows.ts';
const PARTS = 'packages/views/src/parted-rows.test.ts';

export const MUTATIONS_OF_PARTED_ROWS: readonly Mutation[] = [
  {
    lie: 'keys of rows in parts have the last part of the first one in a large commit',
    law: '1',
    file: WRITTEN,
    from: 'let tailAt = tail.from[parts[key + 2] as number] as number;',
    to: 'let tailAt = tailTo - lengthOf(tail, parts[2] as number);',
    test: PACKED,
  },
  {
    lie: 'a sum of rows in parts loses what 32 bits do not hold in a large commit',
    law: '1',
    file: WRITTEN,
    from: 'if (value > NARROW_MAX) return false;',
    to: '',
    test: PACKED,
  },
  {
    lie: 'rows in parts that differ in how their keys end are one',
    law: '1',
    file: PARTED,
    from: ' && keys[KEY * known + 2] === tail) {',
    to: ') {',
    test: PARTS,
  },
  {
    lie: 'rows in parts that are taken away are added',
    law: '1',
    file: PARTED,
    from: 'if (sign === -1) this.#join();',
    to: '',
    test: PARTS,
  },
  {
    lie: 'elements and cells can be chosen so that a row is searched for among all others',
    law: '7',
    file: PARTED,
    from: '(Math.imul(head, OF_HEAD) + Math.imul(name, OF_NAME) + Math.imul(tail, OF_TAIL))',
    to: '(head + name + tail)',
    test: PARTS,
  },
  {
    lie: 'rows in parts that come after one that came twice have the measures of those before them',
    law: '1',
    file: PARTED,
    from: 'measures[folded * width + i] = measures[row * width + i] as number;',
    to: 'measures[folded * width + i] = measures[folded * width + i] as number;',
    test: PARTS,
  },
  {
    lie: 'rows in parts are found where those of the commit before were',
    law: '1',
    file: PARTED,
    from: 'this.#slots.fill(0);',
    to: 'this.#slots.length;',
    test: PARTS,
  },
  {
    lie: 'rows that were let go twice have two commits in their room',
    law: '1',
    file: PARTED,
    from: '    [this.#keys, this.#measures, this.#slots] = [NO_KEYS, NO_MEASURES, NO_KEYS];\n',
    to: '    this.#isGone = false;\n',
    test: PARTS,
  },
  {
    lie: 'rows that were let go are those of another commit',
    law: '1, 7',
    file: PARTED,
    from: "if (this.#isGone) throw new Error('rows that were let go are gone');",
    to: '',
    test: PARTS,
  },
  {
    lie: 'rows in parts have the head of the first one',
    law: '1',
    file: PARTED,
    from: 'if (head !== this.#lastHead) {',
    to: 'if (this.#lastHead === undefined) {',
    test: PARTS,
  },
  {
    lie: 'keys of rows of a large commit have a byte for each character',
    law: '1',
    file: WRITTEN,
    from: 'if (code > 0x7f) return -1;',
    to: 'if (code > 0xff) return -1;',
    test: PACKED,
  },
  {
    lie: 'keys of a bundle end as the first one of it',
    law: '1',
    file: BUNDLE_WRITER,
    from: 'ends.numbers[keys[key + 2] as number] as number',
    to: '0',
    test: BUNDLE_TEST,
  },
  {
    lie: 'a sum in a bundle loses what 31 bits do not hold',
    law: '1',
    file: BUNDLE_WRITER,
    from: 'while (rest > 0x7fffffff) {',
    to: 'while (rest > 2 ** 52) {',
    test: BUNDLE_TEST,
  },
  {
    lie: 'texts of a bundle are as long as their characters',
    law: '1',
    file: BUNDLE_WRITER,
    from: 'writeNumber(data, start, Buffer.byteLength(text))',
    to: 'writeNumber(data, start, text.length)',
    test: BUNDLE_TEST,
  },
  {
    lie: 'a bundle has a length that a row of an earlier version may have',
    law: '1',
    file: BUNDLES,
    from: 'return (length + fill) % 12 === 1 ? fill + 2 : fill;',
    to: 'return fill;',
    test: BUNDLE_TEST,
  },
  {
    lie: 'a row that begins as a bundle does is one',
    law: '1',
    file: BUNDLES,
    from: 'return value.length % 2 === 1 && value[0] === BUNDLE;',
    to: 'return value[0] === BUNDLE;',
    test: BUNDLE_TEST,
  },
  {
    lie: 'a bundle of any size is written',
    law: '7',
    file: BUNDLE_WRITER,
    from: '  if (size > MOST_BUNDLE_BYTES) return false;\n',
    to: '',
    test: BUNDLE_TEST,
  },
  {
    lie: 'all rows of all bundles are added in one turn',
    law: '7',
    file: BUNDLES,
    from: 'if (++passed % ROWS_PER_TURN === 0) await pause();',
    to: '',
    test: BUNDLE_TEST,
  },
  {
    lie: 'bundles that come with all rows at once are not read',
    law: '1',
    file: READ,
    from: '      await addBundles(own, bundles.values(), pause);\n',
    to: '',
    test: READ_TEST,
  },
  {
    lie: 'bundles that come in pages are not read',
    law: '1',
    file: READ,
    from: '          await addBundles(hash.rows, hash.bundles.values(), pause);\n',
    to: '',
    test: READ_TEST,
  },
  {
    lie: 'bundles are none of the rows that are counted',
    law: '1, 7',
    file: READ,
    from: 'return rows.size + bundles.size;',
    to: 'return rows.size;',
    test: READ_TEST,
  },
  {
    lie: 'a generation has any number of bytes of bundles',
    law: '7',
    file: COMMIT,
    from: "if bundles > 0 and tonumber(redis.call('HGET', counters, 'bundles') or '0') + bundles > BUNDLES_BYTES then return 'as rows' end",
    to: '',
    test: STORE,
  },
  {
    lie: 'bytes of bundles are not counted',
    law: '7',
    file: COMMIT,
    from: "  if filed and bundles > 0 then redis.call('HINCRBY', counters, 'bundles', bundles) end\n",
    to: '',
    test: STORE,
  },
  {
    lie: 'a generation after one that was full of bundles has none',
    law: '7',
    file: 'packages/store/src/commit/redis-speed-store.ts',
    from: 'fullOfBundles.get(partition) === deltasGeneration',
    to: 'fullOfBundles.has(partition)',
    test: STORE,
  },
  {
    lie: 'a commit whose bundles are too many is taken as made',
    law: '1, 7',
    file: 'packages/store/src/commit/redis-speed-store.ts',
    from: '        if (reply === AS_ROWS) {',
    to: "        if (reply === AS_ROWS) reply = 'committed';\n        if (reply === AS_ROWS) {",
    test: STORE,
  },
];
