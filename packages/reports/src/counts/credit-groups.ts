/**
 * The credit of a model that is counted conversion by conversion, by groups of users:
 *
 *   rows of all − rows of the group → credit without it, for each group
 *
 * As for models of whole windows (group-counts.ts), but no model is run: what is counted adds up.
 */
import { isShared, type ModelName } from '@tributary/attribution/models/catalogue';
import type { CautionCode } from '@tributary/attribution/uncertainty/cautions';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import { minus } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import { scopeOf } from '../journeys/scope.ts';
import { singleOrdersOf } from '../journeys/single-orders.ts';
import type { Counting } from '../models/counted-model.ts';
import { countedModel } from '../models/live-models.ts';
import type { ReportQuestion } from '../question.ts';
import type { Rename } from '../row-keys.ts';
import type { GroupCounts, Met } from './group-counts.ts';

/** `[creditMicros, valueMinor]` by channel, `(unattributed)` among them, over all currencies that are asked for. */
export interface CreditGroups extends Pick<GroupCounts, 'met' | 'singleOrders'> {
  readonly is: Rows;
  /** All groups but one, by group. */
  readonly without: readonly Rows[];
}

/** A code: why there are none. `rename`: the channels' names in the report. */
export function creditOfGroups(
  model: ModelName,
  snapshot: Pick<Snapshot, 'project' | 'collect' | 'definitions' | 'groups'>,
  question: ReportQuestion,
  rename: Rename | null,
): CreditGroups | CautionCode {
  const { groups, definitions } = snapshot;
  if (groups === null || typeof groups === 'string') return groups ?? 'groups_not_kept';
  if (isShared(model)) throw new TypeError(`${model} is not counted conversion by conversion`);
  const scope = scopeOf(question);
  const rowsOf = ({ project, collect }: Pick<Counting, 'project' | 'collect'>) => {
    const counting = { project, collect, definitions };
    return countedModel(model).rows(counting, { ...scope, by: ['channel'] }, rename, question.parameters);
  };
  return {
    is: rowsOf(snapshot),
    without: groups.map((group) =>
      rowsOf({
        project: (view, selection) => minus(snapshot.project(view, selection), group.project(view, selection)),
        collect: (view, collection) => minus(snapshot.collect(view, collection), group.collect(view, collection)),
      }),
    ),
    met: metIn(groups.map(rowsOf)),
    singleOrders: singleOrdersOf(question.wanted.revenue ? groups : [], scope),
  };
}

/** What a channel is credited stands for the conversions that met it: there are no fewer of these. */
function metIn(groups: readonly Rows[]): Map<string, Met> {
  const met = new Map<string, Met>();
  for (const rows of groups)
    for (const [channel, [micros = 0]] of rows) {
      if (micros <= 0) continue;
      const { conversions = 0, groups: before = 0 } = met.get(channel) ?? {};
      met.set(channel, { conversions: conversions + Number(micros) / CREDIT_UNIT_MICROS, groups: before + 1 });
    }
  return met;
}
