/** How sure the models are: every one over the units of the file, drawn with replacement. */

import type { PathTransform } from '@tributary/attribution/paths/transforms';
import type { Shape } from '@tributary/attribution/rules/rules';
import { type Uncertainty, uncertaintyOf } from '@tributary/attribution/uncertainty/uncertainty';
import { type Sample, unitsOf } from '@tributary/attribution/uncertainty/units';
import { changed } from './attribute.ts';
import type { ModelAnswer, ModelOptions } from './models.ts';

interface IntervalOptions extends ModelOptions {
  readonly shape: Shape;
  readonly order: number;
  readonly replicates: number;
  readonly level: number;
}

/** null: no resampling was asked for. `change`: what models see of a path. */
export function uncertaintyOfFile(
  sample: Sample | null,
  change: PathTransform,
  answers: readonly ModelAnswer[],
  options: IntervalOptions,
  onProgress: (text: string) => void,
): Uncertainty | null {
  if (sample === null) return null;
  const rows = sample.rows.map(({ times, journeys }) => ({ times, journeys: changed(journeys, change) }));
  return uncertaintyOf(unitsOf({ ...sample, rows }), {
    ...options,
    models: answers.map(({ model }) => model),
    onReplicate: (done) => onProgress(`${done} of ${options.replicates} resamplings`),
  });
}
