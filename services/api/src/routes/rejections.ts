/** What the collectors rejected. */
import { REJECTION_ROUTES } from '@tributary/contract/groups/rejections';
import { remembered } from '@tributary/runtime/http/remembered';
import { completenessOf, gapsOf } from '@tributary/serving/gaps';
import type { Routes } from '../context.ts';
import { serve } from '../http/serve.ts';
import { askCollectors, rejectionsOf } from '../rejections.ts';

const UNNAMED = 'the API knows of no collector: set TRIBUTARY_API_COLLECTORS to their addresses, such as http://127.0.0.1:7400';

export const routes: Routes =
  ({ deps }) =>
  (app, _options, done) => {
    const { collectors, limits } = deps;
    // With the key of who asks first: all of them may read.
    let key = '';
    const asked = remembered(
      () => askCollectors({ collectors }, key),
      limits.openAnswersMs,
      () => performance.now(),
    );

    serve(app, REJECTION_ROUTES.rejections, async (request) => {
      key = request.key;
      const all = await asked();
      const rejections = rejectionsOf(all);
      const silent = all.flatMap(({ collector, problem }) => (problem === null ? [] : [`${collector}: ${problem}`]));
      return {
        collectors: all.map(({ collector, since, problem }) => ({ collector, since, problem })),
        rejections: rejections.slice(0, request.query.limit),
        total: rejections.length,
        ...completenessOf(gapsOf('collector_silent', collectors.length === 0 ? [UNNAMED] : silent), []),
      };
    });
    done();
  };
