/** Whether live answers are what training sets say that was served, over as many as are asked for: an exit code of 1 where one differs. */
import { serve } from '../e2e/served-story.ts';
import type { Figure } from './report.ts';

export async function benchServed(answers: number): Promise<Figure[]> {
  const served = await serve(answers);
  const { mismatches, unexplained, examples } = served;
  if (mismatches + unexplained > 0)
    throw new Error(`served values must be computed again alike: ${JSON.stringify({ mismatches, unexplained, examples })}`);
  const figure = (name: string, value: number, unit = 'values'): Figure => ({ section: 'served', figure: name, value, unit });
  return [
    figure('live answers of a user', served.answers, 'answers'),
    figure('answers whose position is not known', served.withoutPosition, 'answers'),
    figure('values compared at their positions', served.compared),
    figure('of these, under the definitions that came later', served.ofLaterDefinitions),
    { ...figure('that differ at their positions', mismatches), goal: { value: 0, better: 'less' } },
    figure('that differ at their instants by events in flight', served.inFlight),
    { ...figure('that differ at their instants by nothing else', unexplained), goal: { value: 0, better: 'less' } },
  ];
}
