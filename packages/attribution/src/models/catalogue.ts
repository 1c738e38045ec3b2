/**
 * All models, in the order they are listed in: what each says, what it takes, what it needs to know. The API, the command line, files of
 * paths and explanations of conversions read this table.
 */
import { type PathFact, RULE_NAMES, type RuleName, ruleOf } from '../rules/rules.ts';
import type { Estimand, Parameter, SharedModel } from './shared-model.ts';
import { SHARED_MODELS, type SharedName } from './shared-models.ts';

export interface ModelInfo {
  /** counts: what the model says are whole numbers that overlap; their totals are not the conversions. */
  readonly family: 'ruleBased' | 'dataDriven' | 'counts';
  readonly rule: string;
  /** What `effect` is; null: the model has none. */
  readonly effect: string | null;
  readonly parameters: readonly Parameter[];
  /** Those that it is not run without. */
  readonly required: readonly Parameter[];
  /** What it must know of a path beside its channels in order. */
  readonly needs: readonly PathFact[];
  /** What its effect is; null: the model has none. */
  readonly estimates: Estimand | null;
  /** Its effect is the part of what lies on modelled paths that goes through the channel. */
  readonly isRemovalEffect: boolean;
}

const PLAIN = { effect: null, parameters: [], required: [], needs: [], estimates: null, isRemovalEffect: false } as const;

/** Counted conversion by conversion, as rules are, by no rule. */
const COUNTED = {
  orderedShapley: {
    ...PLAIN,
    family: 'dataDriven',
    rule: "Shapley value of the sum game by position: a channel's part of a conversion shared equally by its touches",
    effect: 'φ, in conversions',
    estimates: 'amount',
    parameters: ['position'],
  },
  participation: {
    ...PLAIN,
    family: 'counts',
    rule: 'conversions with any touch of the channel: counted for each of them, so totals exceed the conversions',
  },
  assisted: {
    ...PLAIN,
    family: 'counts',
    rule: 'conversions with a touch of the channel that was not the last one: counted for each channel',
  },
} as const satisfies Record<string, ModelInfo>;

export type CountedName = keyof typeof COUNTED;
export type ModelName = RuleName | SharedName | CountedName;

function ofRule(name: RuleName): ModelInfo {
  const { rule, needs, needsShape } = ruleOf(name);
  const required: readonly Parameter[] = needsShape ? ['custom'] : [];
  const ofPaths: readonly Parameter[] = needs.length > 0 ? [] : ['transform'];
  const parameters: readonly Parameter[] = needs.includes('milestones') ? required : [...required, ...ofPaths, 'intervals'];
  return { ...PLAIN, family: 'ruleBased', rule, needs, parameters, required };
}

function ofShared(name: SharedName): ModelInfo {
  const { rule, effect, parameters, estimates, isRemovalEffect }: SharedModel = SHARED_MODELS[name];
  return { ...PLAIN, family: 'dataDriven', rule, effect, parameters, estimates, isRemovalEffect };
}

function infoOf<Name extends string>(names: readonly Name[], of: (name: Name) => ModelInfo): Record<Name, ModelInfo> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, ModelInfo>;
}

const { shapley, ...onCounts } = infoOf(Object.keys(SHARED_MODELS) as SharedName[], ofShared);

const ALL: Record<ModelName, ModelInfo> = {
  ...infoOf(RULE_NAMES, ofRule),
  shapley,
  orderedShapley: COUNTED.orderedShapley,
  ...onCounts,
  participation: COUNTED.participation,
  assisted: COUNTED.assisted,
};

export const MODEL_NAMES = Object.keys(ALL) as readonly ModelName[];

/** Computed over a file of paths where no models were named. */
export const COMMON_NAMES = [
  'first',
  'last',
  'linear',
  'positionBased',
  'shapley',
  'markov',
] as const satisfies readonly ModelName[];

export function modelInfo(name: ModelName): ModelInfo {
  return ALL[name];
}

export function isModelName(text: string): text is ModelName {
  return Object.hasOwn(ALL, text);
}

export function isRule(name: ModelName): name is RuleName {
  return RULE_NAMES.some((rule) => rule === name);
}

export function isShared(name: ModelName): name is SharedName {
  return Object.hasOwn(SHARED_MODELS, name);
}

/** Those that reports over live data answer: no view keeps milestones. */
export const REPORTED_NAMES = MODEL_NAMES.filter((name) => !ALL[name].needs.includes('milestones'));

/** Those that look at it, for readers. */
export function namesNeeding(fact: PathFact): string {
  return MODEL_NAMES.filter((name) => ALL[name].needs.includes(fact)).join(', ');
}

/** Those that take the parameter, for readers: "markov, markovShapley, hybrid". */
export function namesWith(parameter: Parameter): string {
  return MODEL_NAMES.filter((name) => ALL[name].parameters.includes(parameter)).join(', ');
}
