/** What the computing child does (packages/archive/src/child/answer-task.ts). */
import { answerTask } from '@tributary/archive/child/answer-task';
import { computeViews } from '../compute-views.ts';
import type { QuestionSpec } from '../spec.ts';

answerTask(({ spec }: { readonly spec: QuestionSpec }) => computeViews(spec));
