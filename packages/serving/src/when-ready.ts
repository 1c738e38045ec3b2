/** Computations on answers that may take long: what is not at hand is found out by a run on nothing, and answered in turns before the run that counts. */
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import { type Collection, collectionOf, projectionOf, type Question, type Selection } from './merge.ts';
import { createQuestionTurns, OF_ROWS } from './question-turns.ts';
import type { Turn } from './rows-in-turns.ts';

/** The part of a snapshot that is asked. */
export interface Asked {
  project(view: View, selection: Selection): Rows;
  collect(view: View, collection: Collection): Rows;
}

export interface Answers {
  isAtHand(question: Question): boolean;
  answer(question: Question): Rows;
  /** Some thousand rows at a turn; afterwards the answer is at hand. */
  prepare(question: Question, goOn: Turn): Promise<void>;
}

/** What is asked for may depend on an answer: each run finds more. What is still not at hand then is answered in one turn. */
const RUNS = 4;

/** A page of a dashboard asks some ten at a time. */
const passes = createQuestionTurns({ timeoutMs: 30_000, mostQuestions: 128 }, OF_ROWS);

/** Rejects as `work` does, and with `overloaded` where `asker` has too many questions, has left, or waited too long. */
export async function whenReady<S extends Asked, T>(
  snapshot: S,
  asker: Asker,
  answers: Answers,
  work: (snapshot: S) => T,
): Promise<T> {
  for (let run = 0; run < RUNS; run++) {
    const missing = new Map<string, Question>();
    const answer = (question: Question): Rows => {
      if (answers.isAtHand(question)) return answers.answer(question);
      missing.set(question.key, question);
      return new Map();
    };
    let result: T | undefined;
    let failure: unknown;
    try {
      result = work({
        ...snapshot,
        project: (view, selection) => answer(projectionOf(view, selection)),
        collect: (view, collection) => answer(collectionOf(view, collection)),
      });
    } catch (error) {
      failure = error;
    }
    if (missing.size === 0) {
      if (failure !== undefined) throw failure;
      return result as T;
    }
    for (const question of missing.values()) await passes.take(asker, (goOn) => answers.prepare(question, goOn));
  }
  return work(snapshot);
}
