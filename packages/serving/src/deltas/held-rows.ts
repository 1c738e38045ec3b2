/**
 * The rows of one view, generation and partition, which commits change all the time and which long passes read over many turns.
 *
 * What is committed waits beside them at first, and the answer of now is the sum of both. It is taken up a part at a time: all at once it could
 * be very much. While somebody passes over the rows they stay as they are, and what is committed meanwhile is summed up beside them: a row of many
 * commits waits once. Passes that overlap without end would keep it there: where much waits, the next one begins when the others are over (`isBehind`).
 */
import { addRow, addRows, type Rows } from '@tributary/views/deltas';

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
  /**
   * Takes up what waits until that is `most` rows, or somewhat more; how many it were. While somebody passes over the rows it is summed up beside them,
   * but for what waited when the newest pass began.
   */
  takeUp(most: number): number;
  /** Whether so much waits for those who pass over the rows that others must not begin to. */
  isBehind(): boolean;
  /** What sums to the rows as they are now, and stays as it is until it is released. */
  pass(): { readonly parts: readonly SignedRows[]; release(): void };
}

/** Rows, and commits that have none. Those who pass over the rows pass over these as well. */
const MOST_WAITING = 8_192;

/** `rows` belong to it from here on. */
export function createHeldRows(rows: Rows = new Map()): HeldRows {
  /** In the order of the commits. */
  let waiting: Rows[] = [];
  /** What waited when the newest pass began. */
  let passedOver: Rows[] = [];
  /** The sum of what came since. */
  let since: Rows = new Map();
  let passes = 0;

  const beside = (): Rows[] => [...passedOver, ...waiting, ...(since.size > 0 ? [since] : [])];
  const parts = (): SignedRows[] => [rows, ...beside()].map((some) => ({ rows: some, sign: 1 }));

  /** Until `most` rows, as `takeUp`. */
  function addWaiting(into: Rows, most: number): number {
    let [taken, sum] = [0, 0];
    for (const some of waiting) {
      if (sum >= most) break;
      addRows(into, some);
      sum += costOf(some);
      taken++;
    }
    if (taken > 0) waiting = waiting.slice(taken);
    return sum;
  }

  function addSince(most: number): number {
    let sum = 0;
    for (const [key, measures] of since) {
      if (sum >= most) break;
      addRow(rows, key, measures);
      since.delete(key);
      sum++;
    }
    return sum;
  }

  return {
    parts,
    add: (added) => void waiting.push(added),
    takeUp(most) {
      if (passes > 0) return addWaiting(since, most);
      const sum = addWaiting(rows, most);
      return sum + addSince(most - sum);
    },
    isBehind: () => passes > 0 && beside().reduce((sum, some) => sum + costOf(some), 0) > MOST_WAITING,
    pass() {
      passes++;
      const passed = parts();
      passedOver = beside();
      [waiting, since] = [[], new Map()];
      let isReleased = false;
      return {
        parts: passed,
        release() {
          if (isReleased) return;
          isReleased = true;
          if (--passes > 0) return;
          waiting = [...passedOver, ...waiting];
          passedOver = [];
        },
      };
    },
  };
}

function costOf(rows: Rows): number {
  return Math.max(1, rows.size);
}
