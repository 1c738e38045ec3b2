/** The models there are, in the order they are listed in: what each says, what it takes, and which views it is computed from. */

import type { SharedModel } from '@tributary/attribution/models/shared-model';
import { SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import { TributaryError } from '@tributary/model/errors';
import type { View } from '@tributary/views/view';
import { EDGE_VIEWS, SET_VIEWS } from '../journeys/sets-and-edges.ts';
import type { CountedModel } from './counted-model.ts';
import { orderedShapley } from './ordered-shapley.ts';
import { assisted, participation } from './participation.ts';
import { RULE_BASED } from './rule-based.ts';

export interface ModelInfo extends Pick<CountedModel, 'family' | 'rule' | 'effect' | 'parameters'> {
  readonly name: ModelName;
}

const COUNTED_MODELS = { ...RULE_BASED, orderedShapley, participation, assisted };
type CountedName = keyof typeof COUNTED_MODELS;
export type ModelName = CountedName | SharedName;

const ALL: Record<ModelName, CountedModel | SharedModel> = {
  ...RULE_BASED,
  shapley: SHARED_MODELS.shapley,
  orderedShapley,
  rateShapley: SHARED_MODELS.rateShapley,
  markov: SHARED_MODELS.markov,
  markovShapley: SHARED_MODELS.markovShapley,
  hybrid: SHARED_MODELS.hybrid,
  participation,
  assisted,
};

export const MODEL_NAMES = Object.keys(ALL) as readonly ModelName[];

export function modelInfo(name: ModelName): ModelInfo {
  const { rule, effect, parameters } = ALL[name];
  return { name, family: isShared(name) ? 'dataDriven' : COUNTED_MODELS[name].family, rule, effect, parameters };
}

/** Throws `unknown_model`, listing the known ones. */
export function modelOf(text: string): ModelName {
  const name = MODEL_NAMES.find((known) => known === text);
  if (name !== undefined) return name;
  throw new TributaryError('unknown_model', `${JSON.stringify(text)} is not a model; there are ${MODEL_NAMES.join(', ')}`);
}

export function isShared(name: ModelName): name is SharedName {
  return Object.hasOwn(SHARED_MODELS, name);
}

export function countedModel(name: CountedName): CountedModel {
  return COUNTED_MODELS[name];
}

export function viewsOfModel(name: ModelName): readonly View[] {
  if (!isShared(name)) return COUNTED_MODELS[name].views;
  return SHARED_MODELS[name].looksAt.edges ? [...SET_VIEWS, ...EDGE_VIEWS] : SET_VIEWS;
}
