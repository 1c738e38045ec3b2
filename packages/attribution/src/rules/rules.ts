/**
 * The rules: each weighs the touches of one path, with or without times. One table for conversions as they come (the view `credit`),
 * for paths that views keep, and for files of paths. The SQL of the view `credit` computes the weights of those that it stores.
 */
import type { Definitions, RuleBasedModel } from '@tributary/model/definitions';
import { byAge, type Ends, ends, firstAndLast, firstAndMilestones, lastNonDirect, oneHot, type Touches } from './weights.ts';

/** What a path may have beside its channels in order. */
export type PathFact = 'ages' | 'milestones';

/** What shapes the rules: definitions have it. */
export interface Shape extends Pick<Definitions, 'directChannels' | 'decayWeights'> {
  readonly attribution: Pick<Definitions['attribution'], 'positionBased'>;
  /** For the rule that has no shape of its own. */
  readonly custom?: Ends | undefined;
}

export interface Rule {
  /** What it says, for readers. */
  readonly rule: string;
  /** What paths must have for it. */
  readonly needs: readonly PathFact[];
  /** It has no shape until one is given. */
  readonly needsShape: boolean;
  /** Non-negative integers with a positive sum, one a touch. */
  weights(touches: Touches, shape: Shape): number[];
}

const ANY_PATH = { needs: [], needsShape: false } as const;

export const RULES = {
  first: {
    ...ANY_PATH,
    rule: 'all credit to the first eligible touch',
    weights: ({ length }) => oneHot(length, 0),
  },
  last: {
    ...ANY_PATH,
    rule: 'all credit to the last eligible touch',
    weights: ({ length }) => oneHot(length, length - 1),
  },
  lastNonDirect: {
    ...ANY_PATH,
    rule: 'all credit to the last eligible touch whose channel is not direct; an all-direct path goes to its last touch',
    weights: (touches, { directChannels }) => lastNonDirect(touches, directChannels),
  },
  linear: {
    ...ANY_PATH,
    rule: 'the same credit to every eligible touch',
    weights: ({ length }) => new Array<number>(length).fill(1),
  },
  positionBased: {
    ...ANY_PATH,
    rule: 'set percents to the first and the last touch, the rest shared by those between (default 40/20/40)',
    weights: ({ length }, { attribution: { positionBased } }) => firstAndLast(length, positionBased.first, positionBased.last),
  },
  timeDecay: {
    rule: 'credit halves with every half-life between touch and conversion (default 7 days)',
    needs: ['ages'],
    needsShape: false,
    weights: (touches, { decayWeights }) => byAge(touches, decayWeights),
  },
  jShaped: {
    ...ANY_PATH,
    rule: '20 % to the first touch, 60 % to the last, 20 % shared by those between',
    weights: ({ length }) => firstAndLast(length, 20, 60),
  },
  inverseJ: {
    ...ANY_PATH,
    rule: '60 % to the first touch, 20 % to the last, 20 % shared by those between',
    weights: ({ length }) => firstAndLast(length, 60, 20),
  },
  wShaped: {
    rule: '30 % each to the first touch and to those that reached a milestone (lead, opportunity), 10 % shared by the rest',
    needs: ['milestones'],
    needsShape: false,
    weights: firstAndMilestones,
  },
  custom: {
    rule: 'given percents to the first touches and to the last ones, the rest shared by those between',
    needs: [],
    needsShape: true,
    weights: ({ length }, { custom = { head: [], tail: [] } }) => ends(length, custom),
  },
} as const satisfies Record<RuleBasedModel, Rule> & Record<string, Rule>;

export type RuleName = keyof typeof RULES;

export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

/** The same as `RULES[name]`, by its interface. */
export function ruleOf(name: RuleName): Rule {
  return RULES[name];
}
