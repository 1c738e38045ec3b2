/** How sure the models are: every one over the units of the file, drawn with replacement, or left out in groups. */

import type { PathTransform } from '@tributary/attribution/paths/transforms';
import type { Shape } from '@tributary/attribution/rules/rules';
import { type Uncertainty, uncertaintyOf } from '@tributary/attribution/uncertainty/uncertainty';
import { type Sample, unitsOf } from '@tributary/attribution/uncertainty/units';
import { changed } from './attribute.ts';
import { uncertaintyByGroups } from './grouped-intervals.ts';
import type { ModelAnswer, ModelOptions } from './models.ts';

interface IntervalOptions extends ModelOptions {
  readonly shape: Shape;
  readonly order: number;
  readonly replicates: number;
  /** null: units are drawn. */
  readonly groups: number | null;
  readonly level: number;
}

/** null: no intervals were asked for. `change`: what models see of a path. Throws an input error where groups of users cannot be had. */
export function uncertaintyOfFile(
  sample: Sample | null,
  change: PathTransform,
  answers: readonly ModelAnswer[],
  options: IntervalOptions,
  onProgress: (text: string) => void,
): Uncertainty | null {
  if (sample === null) return null;
  const { groups } = options;
  if (groups !== null) return uncertaintyByGroups(sample, change, answers, { ...options, groups });
  const rows = sample.rows.map(({ times, journeys }) => ({ times, journeys: changed(journeys, change) }));
  const begunMs = performance.now();
  return uncertaintyOf(unitsOf({ ...sample, rows }), {
    ...options,
    models: answers.map(({ model }) => model),
    onReplicate: (done) => onProgress(progressOf(done, options.replicates, performance.now() - begunMs)),
  });
}

/** With the seconds that the rest will take at the pace so far. */
export function progressOf(done: number, replicates: number, passedMs: number): string {
  const leftMs = (passedMs / done) * (replicates - done);
  return `${done} of ${replicates} resamplings, about ${Math.ceil(leftMs / 1_000)} s left`;
}
