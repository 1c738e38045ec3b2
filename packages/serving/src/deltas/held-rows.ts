/**
 * The rows of one view, generation and partition, which commits change all the time and which long passes read over many turns.
 *
 * While somebody passes over them the rows stay as they are; what is committed meanwhile waits beside them, and the answer of now is the sum of
 * both. Afterwards it is added a part at a time, with the commits that follow: all at once it could be very much.
 */
import { addRows, type Rows } from '@tributary/views/deltas';

/** Rows that count once, or are taken away. */
export interface SignedRows {
  readonly rows: Rows;
  readonly sign: 1 | -1;
}

export interface HeldRows {
  /** What sums to the rows as they are now. Each stays as it is until the next call of `add`, or longer: see `pass`. */
  parts(): readonly SignedRows[];
  /** Adds rows, which do not change any more. */
  add(rows: Rows): void;
  /** What sums to the rows as they are now, and stays as it is until it is released. */
  pass(): { readonly parts: readonly SignedRows[]; release(): void };
}

/** A commit takes up as many rows as it adds, and this many that wait. */
const TAKEN_UP = 256;

/** `rows` belong to it from here on. */
export function createHeldRows(rows: Rows = new Map()): HeldRows {
  /** In the order of the commits. */
  let waiting: Rows[] = [];
  let passes = 0;

  function takeUp(most: number): void {
    let taken = 0;
    let left = most;
    for (const some of waiting) {
      if (left <= 0) break;
      addRows(rows, some);
      left -= Math.max(1, some.size);
      taken++;
    }
    if (taken > 0) waiting = waiting.slice(taken);
  }

  const parts = (): SignedRows[] => [rows, ...waiting].map((some) => ({ rows: some, sign: 1 }));

  return {
    parts,
    add(added) {
      waiting.push(added);
      if (passes === 0) takeUp(added.size + TAKEN_UP);
    },
    pass() {
      passes++;
      let isReleased = false;
      return {
        parts: parts(),
        release() {
          if (!isReleased) passes--;
          isReleased = true;
        },
      };
    },
  };
}
