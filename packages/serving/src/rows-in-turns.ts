/** Rows are passed over some thousand at a time: other requests have their turn in between. */
import { setImmediate } from 'node:timers/promises';
import type { Rows } from '@tributary/views/deltas';
import type { Question } from './merge.ts';

/** Lets other requests go on. It may reject, where the work is to stop. */
export type Turn = () => Promise<unknown>;
export const turn: Turn = () => setImmediate();

/** A few ms. */
export const ROWS_PER_TURN = 4_096;

/** Adds the answer over `source`, which does not change meanwhile, into `into`. Rejects as `goOn` does. */
export async function addInTurns(into: Rows, source: Rows, question: Question, goOn: Turn): Promise<void> {
  await addPartsInTurns(into, [{ rows: source, sign: 1 }], question, goOn);
}

/** The same over several sources; those of `sign` -1 are taken away. */
export async function addPartsInTurns(
  into: Rows,
  parts: Iterable<{ readonly rows: Rows; readonly sign: 1 | -1 }>,
  question: Question,
  goOn: Turn,
): Promise<void> {
  let left = ROWS_PER_TURN;
  for (const { rows, sign } of parts) {
    const entries = rows.entries();
    for (let passed = 0; passed < rows.size; ) {
      if (left <= 0) {
        await goOn();
        left = ROWS_PER_TURN;
      }
      const count = Math.min(left, rows.size - passed);
      question.addTo(into, count === rows.size ? rows : some(entries, count), sign);
      passed += count;
      left -= count;
    }
  }
}

/** Awaited with how many rows were passed over since it was awaited before. */
export type Pace = (rows: number) => Promise<unknown>;

/** Others have their turn after some thousand rows, whatever they are of. */
export function paceOf(goOn: Turn): Pace {
  let passed = 0;
  return async (rows) => {
    passed += rows;
    if (passed < ROWS_PER_TURN) return;
    passed = 0;
    await goOn();
  };
}

/** The same rows in pieces that a turn may add; where they are few, they themselves. Rejects as `pace` does. */
export async function piecesOf(rows: Rows, pace: Pace): Promise<readonly Rows[]> {
  if (rows.size <= ROWS_PER_TURN) return [rows];
  const pieces: Rows[] = [];
  const entries = rows.entries();
  for (let left = rows.size; left > 0; left -= ROWS_PER_TURN) {
    const count = Math.min(left, ROWS_PER_TURN);
    pieces.push(new Map(some(entries, count)));
    await pace(count);
  }
  return pieces;
}

function* some<T>(left: Iterator<T>, count: number): Generator<T> {
  for (let i = 0; i < count; i++) {
    const { done, value } = left.next();
    if (done) return;
    yield value;
  }
}
