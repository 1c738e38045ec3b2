/**
 * The models that are run on counts: the one list that reports (counts of both layers) and files of paths (counts of the file) read.
 * Equal counts, parameters and seed give equal effects, to the last bit. Pure: a model may run in another thread.
 */
import type { ChannelEffect } from '../data-driven/counts.ts';
import type { Sampling } from '../data-driven/shapley.ts';
import { hybridChainModel, hybridModel } from './hybrid.ts';
import { markovModel } from './markov.ts';
import { markovShapleyModel } from './markov-shapley.ts';
import { rateShapleyModel } from './rate-shapley.ts';
import { shapleyModel } from './shapley.ts';
import {
  type Effects,
  type LooksAt,
  type ModelCounts,
  type ModelInput,
  refusalOfRuns,
  type SharedModel,
} from './shared-model.ts';

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
  /** The counts of all groups of users but one, by group, for intervals; null: none are asked for. */
  readonly without: readonly ModelCounts[] | null;
}

export interface ModelOutcome {
  readonly channels: readonly ChannelEffect[];
  /** null: the effects are exact. */
  readonly sampling: Sampling | null;
  /** Over the counts of all groups but one, by group; null: none were given. A code: why there are none. */
  readonly without: readonly (readonly ChannelEffect[])[] | ReturnType<typeof refusalOfRuns>;
}

export function compute({ model, without, ...input }: ModelJob): ModelOutcome {
  const shared: SharedModel = SHARED_MODELS[model];
  const effects = shared.effects(input);
  const { channels, sampling = null } = effects;
  return { channels, sampling, without: without === null ? null : withoutEach(shared, { input, effects }, without) };
}

function withoutEach(
  { near, effects: run }: SharedModel,
  { input, effects }: { readonly input: ModelInput; readonly effects: Effects },
  without: readonly ModelCounts[],
): Exclude<ModelOutcome['without'], null> {
  const refused = refusalOfRuns(effects, near === undefined ? without.length : 1);
  if (refused !== null) return refused;
  const nearby = near?.counts(input) ?? ((counts: ModelCounts) => run({ ...input, ...counts }).channels);
  return without.map(nearby);
}

export function looksAt(model: SharedName): LooksAt {
  return SHARED_MODELS[model].looksAt;
}

/** Work that may be done beside the answers to other requests. */
export function isQuick({ model, without, ...input }: ModelJob): boolean {
  return without === null && SHARED_MODELS[model].isQuick(input);
}
