/**
 * The rows of one view, generation and partition, which commits change all the time and which long passes read over many turns.
 *
 * What is committed waits beside them at first, and the answer of now is the sum of both. It is taken up a part at a time: all at once it could
 * be very much. While somebody passes over the rows they stay as they are.
 */
import { addRows, type Rows } from '@tributary/views/deltas';

/** Rows that count once, or are taken away. */
export interface SignedRows {
  readonly rows: Rows;
  readonly sign: 1 | -1;
}

export interface HeldRows {
  /** What sums to the rows as they are now. Each stays as it is until the next call of `takeUp`, or longer: see `pass`. */
  parts(): readonly SignedRows[];
  /** Adds rows, which do not change any more, and wait to be taken up. */
  add(rows: Rows): void;
  /** Takes up what waits until that is `most` rows, or somewhat more; how many it were. None while somebody passes over the rows. */
  takeUp(most: number): number;
  /** What sums to the rows as they are now, and stays as it is until it is released. */
  pass(): { readonly parts: readonly SignedRows[]; release(): void };
}

/** `rows` belong to it from here on. */
export function createHeldRows(rows: Rows = new Map()): HeldRows {
  /** In the order of the commits. */
  let waiting: Rows[] = [];
  let passes = 0;

  const parts = (): SignedRows[] => [rows, ...waiting].map((some) => ({ rows: some, sign: 1 }));

  return {
    parts,
    add: (added) => void waiting.push(added),
    takeUp(most) {
      let [taken, sum] = [0, 0];
      for (const some of passes === 0 ? waiting : []) {
        if (sum >= most) break;
        addRows(rows, some);
        sum += Math.max(1, some.size);
        taken++;
      }
      if (taken > 0) waiting = waiting.slice(taken);
      return sum;
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
