/** The rules that split one conversion over its touches. The view `credit` has a row for each of them. */
import { RULE_BASED_MODELS, type RuleBasedModel } from '@tributary/model/definitions';
import { credit } from '@tributary/views/credit/fold';
import { namedRows } from '../row-keys.ts';
import type { CountedModel } from './counted-model.ts';

const RULES: Record<RuleBasedModel, string> = {
  first: 'all credit to the first eligible touch',
  last: 'all credit to the last eligible touch',
  lastNonDirect: 'all credit to the last eligible touch whose channel is not direct; an all-direct path goes to its last touch',
  linear: 'the same credit to every eligible touch',
  positionBased: 'set percents to the first and the last touch, the rest shared by those between (default 40/20/40)',
  timeDecay: 'credit halves with every half-life between touch and conversion (default 7 days)',
};

export const RULE_BASED = Object.fromEntries(
  RULE_BASED_MODELS.map((model): [RuleBasedModel, CountedModel] => [
    model,
    {
      family: 'ruleBased',
      rule: RULES[model],
      effect: null,
      parameters: [],
      views: [credit],
      rows: (snapshot, selection, rename) =>
        namedRows(snapshot, credit, { ...selection, equal: { ...selection.equal, model } }, rename),
    },
  ]),
) as Record<RuleBasedModel, CountedModel>;
