/**
 * The models that are run on counts: the one list that reports (counts of both layers) and files of paths (counts of the file) read.
 * Equal counts, parameters and seed give equal effects and intervals, to the last bit. Pure: a model may run in another thread.
 */
import type { ChannelInterval } from '../data-driven/bootstrap.ts';
import type { ChannelEffect } from '../data-driven/counts.ts';
import type { Sampling } from '../data-driven/shapley.ts';
import { hybridChainModel, hybridModel } from './hybrid.ts';
import { markovModel } from './markov.ts';
import { markovShapleyModel } from './markov-shapley.ts';
import { rateShapleyModel } from './rate-shapley.ts';
import { shapleyModel } from './shapley.ts';
import type { LooksAt, ModelInput, SharedModel } from './shared-model.ts';

/** Loaded by the thread as well: a model's file imports nothing but its mathematics. */
export const SHARED_MODELS = {
  shapley: shapleyModel,
  rateShapley: rateShapleyModel,
  markov: markovModel,
  markovShapley: markovShapleyModel,
  hybrid: hybridModel,
  hybridChain: hybridChainModel,
} as const satisfies Record<string, SharedModel>;

export type SharedName = keyof typeof SHARED_MODELS;

export interface ModelJob extends ModelInput {
  readonly model: SharedName;
  readonly intervals: { readonly replicates: number; readonly level: number } | null;
}

export interface ModelOutcome {
  readonly channels: readonly ChannelEffect[];
  /** null: the effects are exact. */
  readonly sampling: Sampling | null;
  readonly intervals: readonly ChannelInterval[] | null;
}

export function compute({ model, intervals, ...input }: ModelJob): ModelOutcome {
  const shared: SharedModel = SHARED_MODELS[model];
  const { channels, sampling = null } = shared.effects(input);
  const { seed } = input;
  return { channels, sampling, intervals: intervals === null ? null : shared.intervals(input, { ...intervals, seed }) };
}

/** Intervals of what looks at sizes are drawn from whole journeys: from sets. */
export function looksAt(model: SharedName, hasIntervals: boolean): LooksAt {
  const { sizes, sets, edges } = SHARED_MODELS[model].looksAt;
  return { sizes, sets: sets || (sizes && hasIntervals), edges };
}

/** Work that may be done beside the answers to other requests. */
export function isQuick({ model, intervals, ...input }: ModelJob): boolean {
  return intervals === null && SHARED_MODELS[model].isQuick(input);
}
