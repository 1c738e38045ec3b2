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
  const left = source.entries();
  for (let passed = 0; passed < source.size; passed += ROWS_PER_TURN) {
    if (passed > 0) await goOn();
    question.addTo(into, some(left, ROWS_PER_TURN));
  }
}

function* some<T>(left: Iterator<T>, count: number): Generator<T> {
  for (let i = 0; i < count; i++) {
    const { done, value } = left.next();
    if (done) return;
    yield value;
  }
}
