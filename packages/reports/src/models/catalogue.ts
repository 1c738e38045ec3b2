/** The models there are: what each says, what it takes, and which views it is computed from. */
import { RULE_BASED_MODELS, type RuleBasedModel } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';

const DATA_DRIVEN_MODELS = [
  'shapley',
  'orderedShapley',
  'rateShapley',
  'markov',
  'markovShapley',
  'hybrid',
  'participation',
  'assisted',
] as const;
export type DataDrivenModel = (typeof DATA_DRIVEN_MODELS)[number];
export type ModelName = RuleBasedModel | DataDrivenModel;
export const MODEL_NAMES: readonly ModelName[] = [...RULE_BASED_MODELS, ...DATA_DRIVEN_MODELS];

/** Those whose result is a share of the whole window for each channel: credit is handed out from there. */
export type SharedModel = 'shapley' | 'rateShapley' | 'markov' | 'markovShapley' | 'hybrid';

export type Parameter = 'order' | 'alpha' | 'seed' | 'position' | 'intervals';

export interface ModelInfo {
  readonly name: ModelName;
  /** counts: what the model says are whole numbers that overlap; their totals are not the conversions. */
  readonly family: 'ruleBased' | 'dataDriven' | 'counts';
  readonly rule: string;
  /** What `effect` is; null: the model has none. */
  readonly effect: string | null;
  readonly parameters: readonly Parameter[];
}

const INFO: Record<ModelName, Omit<ModelInfo, 'name'>> = {
  first: ruleBased('all credit to the first eligible touch'),
  last: ruleBased('all credit to the last eligible touch'),
  lastNonDirect: ruleBased(
    'all credit to the last eligible touch whose channel is not direct; an all-direct path goes to its last touch',
  ),
  linear: ruleBased('the same credit to every eligible touch'),
  positionBased: ruleBased('set percents to the first and the last touch, the rest shared by those between (default 40/20/40)'),
  timeDecay: ruleBased('credit halves with every half-life between touch and conversion (default 7 days)'),
  shapley: {
    family: 'dataDriven',
    rule: 'Shapley value of the sum game: every conversion shared equally by the distinct channels of its path',
    effect: 'φ, in conversions',
    parameters: ['intervals', 'seed'],
  },
  orderedShapley: {
    family: 'dataDriven',
    rule: "Shapley value of the sum game by position: a channel's part of a conversion shared equally by its touches",
    effect: 'φ, in conversions',
    parameters: ['position'],
  },
  rateShapley: {
    family: 'dataDriven',
    rule: 'Shapley value of the conversion rate among journeys that met no other channels; may be negative. Exact to 20 channels',
    effect: 'φ, in conversions a journey',
    parameters: ['intervals', 'seed'],
  },
  markov: {
    family: 'dataDriven',
    rule: 'removal effect: the part of the conversions that is lost when the channel is taken out of the chain of touches',
    effect: 'removal effect, 0 to 1',
    parameters: ['order', 'intervals', 'seed'],
  },
  markovShapley: {
    family: 'dataDriven',
    rule: 'Shapley value of the probability of conversion in the chain of touches that keeps a set of channels only',
    effect: 'φ, in conversions a journey',
    parameters: ['order', 'intervals', 'seed'],
  },
  hybrid: {
    family: 'dataDriven',
    rule: 'alpha parts of the Markov share and 1 − alpha parts of the Shapley share (default 0.5)',
    effect: 'the blended share',
    parameters: ['order', 'alpha', 'intervals', 'seed'],
  },
  participation: {
    family: 'counts',
    rule: 'conversions with any touch of the channel: counted for each of them, so totals exceed the conversions',
    effect: null,
    parameters: [],
  },
  assisted: {
    family: 'counts',
    rule: 'conversions with a touch of the channel that was not the last one: counted for each channel',
    effect: null,
    parameters: [],
  },
};

function ruleBased(rule: string): Omit<ModelInfo, 'name'> {
  return { family: 'ruleBased', rule, effect: null, parameters: [] };
}

export const MODELS: readonly ModelInfo[] = MODEL_NAMES.map((name) => ({ name, ...INFO[name] }));

export function modelInfo(model: ModelName): ModelInfo {
  return { name: model, ...INFO[model] };
}

/** Throws `unknown_model`, listing the known ones. */
export function modelOf(name: string): ModelName {
  const model = MODEL_NAMES.find((known) => known === name);
  if (model !== undefined) return model;
  throw new TributaryError('unknown_model', `${JSON.stringify(name)} is not a model; there are ${MODEL_NAMES.join(', ')}`);
}

export function isRuleBased(model: ModelName): model is RuleBasedModel {
  return INFO[model].family === 'ruleBased';
}

export function isShared(model: ModelName): model is SharedModel {
  return INFO[model].family === 'dataDriven' && model !== 'orderedShapley';
}
