/** Any model, run again on the counts of each draw: a model needs no second form for how sure it is. */
import { byCodePoint } from '@tributary/model/code-points';
import type { Coalition, Reward, Transition } from '../data-driven/counts.ts';
import { transitionsOfPath } from '../data-driven/path-counts.ts';
import { sizesOf } from '../data-driven/sum-game.ts';
import { type EffectsOfSums, grouped, keyOfStates, type PathSums, type PathsInput, sumsOfRows } from '../path-sums/path-sums.ts';
import type { ModelCounts, SharedModel } from './shared-model.ts';

export function effectsByCounts(model: SharedModel, input: PathsInput): EffectsOfSums {
  const countsOf = countsBySums(model, input);
  const { channels, alpha, seed } = input;
  const place = new Map(channels.map((channel, i) => [channel, i]));
  return (sums) => {
    const of = countsOf(sums);
    return (reward) => {
      const found = model.effects({ ...of(reward), reward, alpha, seed });
      // A channel that a draw lost has no effect in it.
      const all = new Float64Array(channels.length);
      for (const { channel, effect } of found.channels) all[place.get(channel) as number] = effect;
      return all;
    };
  };
}

/** The counts that the model is run on, of sums by path. */
export function countsBySums(
  { looksAt }: Pick<SharedModel, 'looksAt'>,
  { paths, order }: PathsInput,
): (sums: PathSums) => (reward: Reward) => ModelCounts {
  const sets = grouped(
    looksAt.sets || looksAt.sizes ? paths.map(({ path }) => [[...new Set(path)].sort(byCodePoint)]) : [],
    (names) => keyOfStates(names),
  );
  const steps = grouped(looksAt.edges ? paths.map(({ path }) => transitionsOfPath(path, order)) : [], ({ from, to }) =>
    keyOfStates(from, to),
  );
  return (sums) => {
    const ofSets = sumsOfRows(sets, sums);
    const ofSteps = sumsOfRows(steps, sums);
    const coalitions = sets.rows.map(
      (names, i): Coalition => ({
        channels: names,
        conversions: ofSets.conversions[i] as number,
        nulls: ofSets.nulls[i] as number,
        value: ofSets.value[i] as number,
      }),
    );
    const transitions = steps.rows.map(
      (step, i): Transition => ({
        ...step,
        conversions: ofSteps.conversions[i] as number,
        nulls: ofSteps.nulls[i] as number,
        value: step.to.length === 0 ? (ofSteps.value[i] as number) : 0,
      }),
    );
    return (reward) => ({ sizes: looksAt.sizes ? sizesOf(coalitions, reward) : [], coalitions, transitions });
  };
}
