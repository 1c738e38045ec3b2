/** Lies about rows whose keys stay in parts, and how they are written. */
import type { Mutation } from './mutation-list.ts';

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
    from: ' && keys[KEY * row + 2] === tail)',
    to: ')',
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
    lie: 'rows in parts begin with the sums of the commit that had their room before',
    law: '1',
    file: PARTED,
    from: '  room.measures.fill(0, 0, (room.measures.length / places) * rows);\n',
    to: '',
    test: PARTS,
  },
  {
    lie: 'rows in parts are found where those of the commit before were',
    law: '1',
    file: PARTED,
    from: '  room.slots.fill(0);\n',
    to: '',
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
    law: '7',
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
];
