/** How sure the data-driven models are: their shares over counts drawn anew, as a report of the platform draws them. */
import { SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import type { ModelIntervals } from './answer.ts';
import { inputOf, journeysOf, type ModelAnswer, type ModelOptions } from './models.ts';

interface IntervalOptions extends ModelOptions {
  readonly order: number;
  /** Resamplings; 0: no intervals. */
  readonly replicates: number;
  readonly level: number;
}

/** Of the models that gave an answer and are no rules. */
export function intervalsOf(
  paths: readonly WeightedPath[],
  answers: readonly ModelAnswer[],
  { order, replicates, level, rewards, ...options }: IntervalOptions,
  onProgress: (text: string) => void,
): ModelIntervals[] {
  if (replicates === 0) return [];
  const journeys = journeysOf(paths, order);
  const models = answers.filter(({ effects }) => effects.size > 0).map(({ model }) => model as SharedName);
  return models.flatMap((model) =>
    rewards.map((reward) => {
      const drawn = SHARED_MODELS[model].intervals(inputOf(model, journeys, { ...options, reward }, true), {
        replicates,
        level,
        seed: options.seed,
        onReplicate: (done) => onProgress(`${model}, ${reward}: ${done} of ${replicates} resamplings`),
      });
      return { model, reward, channels: new Map(drawn.map((one) => [one.channel, one])) };
    }),
  );
}
