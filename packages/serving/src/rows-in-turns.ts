/** Rows are passed over some thousand at a time: other requests have their turn in between. */
import { setImmediate } from 'node:timers/promises';
import type { Rows } from '@tributary/views/deltas';
import type { Question } from './merge.ts';

/** Lets other requests go on. */
export const turn = (): Promise<unknown> => setImmediate();

/** A few ms. */
export const ROWS_PER_TURN = 4_096;

/** Adds the answer over `source`, which does not change meanwhile, into `into`. */
export async function addInTurns(into: Rows, source: Rows, question: Question): Promise<void> {
  const left = source.entries();
  for (let passed = 0; passed < source.size; passed += ROWS_PER_TURN) {
    if (passed > 0) await turn();
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
