/** What the computing child does (packages/archive/src/child/answer-task.ts). */
import { answerTask } from '@tributary/archive/child/answer-task';
import type { QuestionSpec, QuestionViews, SetMade, SetSpec } from '../spec.ts';

type Task =
  | { readonly task: 'question'; readonly spec: QuestionSpec }
  | { readonly task: 'training set'; readonly spec: SetSpec };

answerTask(async (given: Task): Promise<QuestionViews | SetMade> => {
  if (given.task === 'question') return (await import('../compute-views.ts')).computeViews(given.spec);
  return (await import('../compute-set.ts')).computeSet(given.spec);
});
