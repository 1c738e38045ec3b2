/** One conversion explained: every touch, its weight, and why. */
import { CONVERSION_ROUTES } from '@tributary/contract/conversions';
import { TributaryError } from '@tributary/model/errors';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import { EXPLAINED_MODELS, explain } from '@tributary/reports/explain';
import { fromStore } from '@tributary/serving/from-store';
import { findConversion } from '../archive/find-conversion.ts';
import type { Routes } from '../context.ts';
import { serve } from '../http/serve.ts';
import { timelineOf } from '../users/user-timeline.ts';
import { conversionOf, touchOf } from './users.ts';

export const conversionRoutes: Routes = (context) => (app, _options, done) => {
  serve(app, CONVERSION_ROUTES.explainConversion, async (request) => {
    const { id } = request.params;
    const served = context.generations.take(await fromStore(context.deps.store.pointer()));
    const found = await findConversion(context, served, id, { asker: request.owner, userKey: request.query.user });
    const explanation = explain(timelineOf(found.events, found.definitions), id, found.definitions);
    if (explanation === null)
      throw new TributaryError(
        'not_found',
        `the event ${JSON.stringify(id)} is not a conversion under the definitions ${found.definitions.version}`,
      );
    const attributed = explanation.touches.some((touch) => touch.eligible);
    const holes = served.failure === null ? found.holes : [...found.holes, served.failure];
    return {
      conversion: conversionOf(explanation.conversion),
      userId: found.userKey,
      attributed,
      unattributedMicros: attributed ? 0 : CREDIT_UNIT_MICROS,
      touches: explanation.touches.map(({ touch, eligible, reason, credits }) => ({
        ...touchOf(touch),
        eligible,
        reason,
        credits,
      })),
      omittedTouches: explanation.omitted,
      weightSums: explanation.weightSums as Record<string, number>,
      models: [...EXPLAINED_MODELS],
      meta: {
        generation: served.loaded.generation,
        sources: [...found.sources],
        complete: holes.length === 0,
        warnings: [...holes, ...found.notes, ...(explanation.note === null ? [] : [explanation.note])],
        definitions: found.definitions.version,
        lookbackMs: found.definitions.lookbackMs,
      },
    };
  });
  done();
};
