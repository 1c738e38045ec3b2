/** How sure the data-driven models are: their shares over resampled journeys. */
import { bootstrap } from '@tributary/attribution/data-driven/bootstrap';
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import type { ModelIntervals } from './answer.ts';
import { journeysOf } from './attribute.ts';
import { DATA_DRIVEN, type DataDriven, type ModelAnswer, type ModelOptions } from './models.ts';

interface IntervalOptions extends ModelOptions {
  readonly order: number;
  /** Resamplings; 0: no intervals. */
  readonly replicates: number;
  readonly level: number;
}

/** Of the models that gave an answer and are no rules. Models see the same resampled journeys, for the seed is the same. */
export function intervalsOf(
  paths: readonly WeightedPath[],
  answers: readonly ModelAnswer[],
  { order, replicates, level, rewards, ...options }: IntervalOptions,
  onProgress: (text: string) => void,
): ModelIntervals[] {
  if (replicates === 0) return [];
  const models = answers.filter(({ effects }) => effects.size > 0);
  return models.flatMap(({ model }) =>
    rewards.map((reward) => {
      const compute = DATA_DRIVEN[model] as DataDriven;
      let done = 0;
      const drawn = bootstrap(
        paths,
        (rows) => {
          onProgress(`${model}, ${reward}: ${done++} of ${replicates} resamplings`);
          return compute(journeysOf(rows, order), { ...options, reward }).channels;
        },
        { replicates, seed: options.seed, level },
      );
      return { model, reward, channels: new Map(drawn.map((one) => [one.channel, one])) };
    }),
  );
}
