/** What the computing child does of each task (packages/archive/src/child/answer-task.ts). */
import { answerTask } from '@tributary/archive/child/answer-task';
import { compute, computePart } from '@tributary/archive/compute/compute';
import { weighChanged } from '@tributary/archive/compute/weigh';
import { reconcileViews } from '../reconcile/reconcile-views.ts';
import { mergeBlocks } from '../retire/merge-archive.ts';
import { retireFiles } from '../retire/retire-by-age.ts';
import { rewriteFiles } from '../retire/rewrite-archive.ts';
import type { ChildResult, ChildTask } from './tasks.ts';

answerTask(({ task, spec }: ChildTask): Promise<ChildResult> => {
  switch (task) {
    case 'compute':
      return compute(spec);
    case 'weigh':
      return weighChanged(spec);
    case 'shard':
      return computePart(spec);
    case 'merge':
      return mergeBlocks(spec);
    case 'rewrite':
      return rewriteFiles(spec);
    case 'retire':
      return retireFiles(spec);
    case 'compare':
      return reconcileViews(spec);
  }
});
