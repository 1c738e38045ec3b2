/** How each model of the catalogue (packages/attribution/src/models/catalogue.ts) is answered from views, and what they lack for it. */

import {
  type CountedName,
  isModelName,
  isRule,
  isShared,
  MODEL_NAMES,
  type ModelName,
  modelInfo,
} from '@tributary/attribution/models/catalogue';
import { SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import { parseTransforms } from '@tributary/attribution/paths/transform-names';
import { parseCustom } from '@tributary/attribution/rules/custom';
import { type RuleName, ruleOf } from '@tributary/attribution/rules/rules';
import { TributaryError } from '@tributary/model/errors';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import { EDGE_VIEWS, SET_VIEWS } from '../journeys/sets-and-edges.ts';
import type { CountedModel, RuleParameters } from './counted-model.ts';
import { orderedShapley } from './ordered-shapley.ts';
import { assisted, participation } from './participation.ts';
import { lackOf, ruleModel, weighsPaths } from './rules.ts';

const COUNTED: Record<CountedName, CountedModel> = { orderedShapley, participation, assisted };

/** Throws `unknown_model`, listing the known ones. */
export function modelOf(text: string): ModelName {
  if (isModelName(text)) return text;
  throw new TributaryError('unknown_model', `the model must be one of ${LIVE_NAMES.join(', ')} (got ${JSON.stringify(text)})`);
}

export function countedModel(name: Exclude<ModelName, SharedName>): CountedModel {
  return isRule(name) ? ruleModel(name) : COUNTED[name];
}

export function viewsOfModel(name: ModelName, parameters: RuleParameters): readonly View[] {
  if (!isShared(name)) return countedModel(name).views(parameters);
  return SHARED_MODELS[name].looksAt.edges ? [...SET_VIEWS, ...EDGE_VIEWS] : SET_VIEWS;
}

/** What reports by channel look at, whatever the model: `conversions` and `touches` beside what models look at. */
export const VIEWS_BY_CHANNEL: readonly View[] = [conversions, touches, credit, ...SET_VIEWS, ...EDGE_VIEWS];

/** Whether its channels are those that definitions list, any other reads `(other)`. */
export function readsTracked(name: ModelName, parameters: RuleParameters): boolean {
  return modelInfo(name).family === 'dataDriven' || (isRule(name) && weighsPaths(name, parameters));
}

/** Why views cannot answer it, in words with the fix, whatever the parameters; null: they can. */
export function missingFor(name: ModelName): string | null {
  return isRule(name) ? lackOf(name, { transform: null }) : null;
}

/** Those that views answer. */
export const LIVE_NAMES = MODEL_NAMES.filter((name) => missingFor(name) === null);

/** Throws `invalid_query` where the views lack what the model needs under these parameters, naming it. */
export function demandAnswerable(name: ModelName, parameters: RuleParameters): void {
  const { transform, custom } = parameters;
  if (custom !== null) parseCustom(custom);
  if (transform !== null) demandTransform(name, transform);
  if (!isRule(name)) return;
  const lack = lackOf(name, parameters);
  if (lack !== null) refuse(`model must be one that the views can answer (got ${name}): it ${lack}`);
  if (ruleOf(name).needsShape && custom === null)
    refuse(
      `custom must be given with model=${name} (got none): write custom=30,10..10,30, percent of the first and of the last steps`,
    );
}

function demandTransform(name: ModelName, text: string): asserts name is RuleName {
  const transforms = parseTransforms(text, new Set());
  if (!isRule(name))
    refuse(
      `transform must be left out with model=${name} (got "${text}"): ${name} is not computed from paths, and views keep no paths of journeys without a conversion, nor their touches. Leave it out, ask for a rule (first, last, linear, …), or run it over a file with tributary attribution run`,
    );
  if (transforms.rename)
    refuse(
      `transform must not have frequency here (got "${text}"): frequency makes channels of its own, for which no view keeps touches, costs and campaigns. Leave it out, or run it over a file`,
    );
  if (!transforms.ignoreRepeats)
    refuse(
      `transform must begin with exposure or first (got "${text}"): the view paths keeps consecutive touches of one channel as one step, and the others look at each of them. Write exposure,${text}`,
    );
}

function refuse(why: string): never {
  throw new TributaryError('invalid_query', why);
}
