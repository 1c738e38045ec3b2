/**
 * The rules that split one conversion over its touches. The view `credit` has rows of some of them, of whole paths with their times;
 * all others, and those under a transform, weigh the paths that the view `paths` keeps.
 */
import { type RuleName, ruleOf } from '@tributary/attribution/rules/rules';
import { RULE_BASED_MODELS } from '@tributary/model/definitions';
import { credit } from '@tributary/views/credit/fold';
import { paths } from '@tributary/views/paths/fold';
import { namedRows } from '../row-keys.ts';
import type { CountedModel, RuleParameters } from './counted-model.ts';
import { rowsOfGroupPaths, rowsOfPaths } from './path-credit.ts';

export function ruleModel(name: RuleName): CountedModel {
  const rowsBy =
    (ofPaths: typeof rowsOfPaths): CountedModel['rows'] =>
    (snapshot, selection, rename, parameters) =>
      weighsPaths(name, parameters)
        ? ofPaths(name, snapshot, selection, rename, parameters)
        : namedRows(snapshot, credit, { ...selection, equal: { ...selection.equal, model: name } }, rename);
  return {
    views: (parameters) => [weighsPaths(name, parameters) ? paths : credit],
    rows: rowsBy(rowsOfPaths),
    rowsOfGroup: rowsBy(rowsOfGroupPaths),
  };
}

/** Whether it is computed from the view `paths`. */
export function weighsPaths(name: RuleName, { transform }: Pick<RuleParameters, 'transform'>): boolean {
  return transform !== null || !isStored(name);
}

function isStored(name: RuleName): boolean {
  return RULE_BASED_MODELS.some((stored) => stored === name);
}

/** What no view keeps of a path that the rule needs, in words; null: nothing. */
export function lackOf(name: RuleName, parameters: Pick<RuleParameters, 'transform'>): string | null {
  if (!weighsPaths(name, parameters)) return null;
  const [fact] = ruleOf(name).needs;
  if (fact === 'milestones')
    return 'needs the touches that reached a milestone (lead, opportunity), which no view keeps: run it over a file, with tributary attribution run --milestones';
  if (fact === 'ages') return 'needs the times of touches, which the view paths does not keep: leave transform out';
  return null;
}
