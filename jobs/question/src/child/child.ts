/** Computes the views of a question, and the values of a training set, in a child process of its own. */
import { fileURLToPath } from 'node:url';
import { type ChildOptions, runChild } from '@tributary/archive/child/run-child';
import type { QuestionSpec, QuestionViews, SetMade, SetSpec } from '../spec.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export function viewsInChild(spec: QuestionSpec, options: ChildOptions): Promise<QuestionViews> {
  return runChild(MAIN, { task: 'question', spec }, options);
}

export function setInChild(spec: SetSpec, options: ChildOptions): Promise<SetMade> {
  return runChild(MAIN, { task: 'training set', spec }, options);
}
