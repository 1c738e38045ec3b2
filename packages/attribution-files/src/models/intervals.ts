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
  return uncertaintyOf(unitsOf({ ...sample, rows }), {
    ...options,
    models: answers.map(({ model }) => model),
    onReplicate: (done) => onProgress(`${done} of ${options.replicates} resamplings`),
  });
}
