/** What the computing child does (packages/archive/src/child/answer-task.ts). */
import { answerTask } from '@tributary/archive/child/answer-task';
import type { QuestionSpec } from '@tributary/archive/compute/spec';
import { computeViews } from '../compute-views.ts';

answerTask(({ spec }: { readonly spec: QuestionSpec }) => computeViews(spec));
