/** One run of a data-driven model over counts, with its uncertainty where that was asked for. Pure: it may run in another thread. */
import { bootstrap, type ChannelInterval, dirichletDraw } from '@tributary/attribution/data-driven/bootstrap';
import type { ChannelEffect, Coalition, Reward, Transition } from '@tributary/attribution/data-driven/counts';
import { hybrid } from '@tributary/attribution/data-driven/hybrid';
import { markov } from '@tributary/attribution/data-driven/markov';
import { markovGame } from '@tributary/attribution/data-driven/markov-game';
import { rateGame } from '@tributary/attribution/data-driven/rate-game';
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import { type SizedCount, sumGame, sumGameBySize } from '@tributary/attribution/data-driven/sum-game';
import type { SharedModel } from './catalogue.ts';

export interface ModelJob {
  readonly model: SharedModel;
  readonly reward: Reward;
  readonly sizes: readonly SizedCount[];
  /** Empty for models that do not look at them. */
  readonly coalitions: readonly Coalition[];
  readonly transitions: readonly Transition[];
  readonly alpha: number;
  readonly seed: number;
  readonly intervals: { readonly replicates: number; readonly level: number } | null;
}

export interface ModelOutcome {
  readonly channels: readonly ChannelEffect[];
  /** null: the effects are exact. */
  readonly sampling: Sampling | null;
  readonly intervals: readonly ChannelInterval[] | null;
}

export function compute(job: ModelJob): ModelOutcome {
  const { channels, sampling = null } = effectsOf(job);
  return { channels, sampling, intervals: job.intervals === null ? null : intervalsOf(job, job.intervals) };
}

function effectsOf({ model, reward, sizes, coalitions, transitions, alpha, seed }: ModelJob): {
  channels: readonly ChannelEffect[];
  sampling?: Sampling | null;
} {
  switch (model) {
    case 'shapley':
      return { channels: sumGameBySize(sizes) };
    case 'rateShapley':
      return rateGame(coalitions, { reward, seed });
    case 'markov':
      return markov(transitions, { reward });
    case 'markovShapley':
      return markovGame(transitions, { reward, seed });
    case 'hybrid':
      return { channels: hybrid(markov(transitions, { reward }).channels, sumGameBySize(sizes), alpha) };
  }
}

/** Journeys are drawn where the counts are of journeys (sets); of a chain, which has edges, its rows. */
function intervalsOf(job: ModelJob, { replicates, level }: NonNullable<ModelJob['intervals']>): ChannelInterval[] {
  const { model, reward, coalitions, transitions, alpha, seed } = job;
  const options = { replicates, level, seed };
  switch (model) {
    case 'shapley':
      return bootstrap(coalitions, (rows) => sumGame(rows, { reward }).channels, options);
    case 'rateShapley':
      return bootstrap(coalitions, (rows) => rateGame(rows, { reward, seed }).channels, options);
    case 'markov':
      return bootstrap(transitions, (rows) => markov(rows, { reward }).channels, { ...options, draw: dirichletDraw() });
    case 'markovShapley':
      return bootstrap(transitions, (rows) => markovGame(rows, { reward, seed }).channels, { ...options, draw: dirichletDraw() });
    case 'hybrid':
      return bootstrap<Coalition | Transition>(
        [...coalitions, ...transitions],
        (rows) =>
          hybrid(
            markov(
              rows.filter((row) => 'from' in row),
              { reward },
            ).channels,
            sumGame(
              rows.filter((row) => 'channels' in row),
              { reward },
            ).channels,
            alpha,
          ),
        options,
      );
  }
}
