/**
 * The first report that a process gives takes twice what the second one takes: its code is compiled while it runs. So a process that has something to
 * serve when it starts asks itself for reports, once and in its turn. What it asks for is prepared for each newer generation, too, before readers get that.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ATTRIBUTION_ROUTES } from '@tributary/contract/groups/attribution';
import { answerOf } from '@tributary/reports/pipeline';
import { keysOf, rowOf, totalsOf } from '@tributary/reports/rows/rows';
import { OWN } from '@tributary/runtime/http/turns-of-keys';
import type { ApiContext } from './context.ts';
import { questionOf } from './http/report-question.ts';

/** Those that look at all that models by channel look at. */
const MODELS = ['markov', 'shapley'] as const;
/** For both: what has not begun by then is given up, so that it holds up no reader for long. */
const MOST_MS = 2_000;

/** Rejects where nothing is served yet, or it takes too long. */
export async function warmUp(context: Pick<ApiContext, 'models'> & Parameters<typeof answerOf>[0]): Promise<void> {
  const untilMs = performance.now() + MOST_MS;
  const asker = { ...OWN, isGone: () => performance.now() > untilMs };
  for (const model of MODELS) {
    const question = questionOf([model], ATTRIBUTION_ROUTES.attribution.query.parse({ model }));
    const answer = await answerOf(context, question, { runner: context.models, asker, turn });
    for (const key of keysOf(answer)) rowOf(answer, model, key);
    totalsOf(answer, model);
  }
}
