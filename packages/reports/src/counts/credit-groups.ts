/**
 * The credit of a model that is counted conversion by conversion, by groups of users:
 *
 *   credit of all − credit of the group → credit without it, for each group
 *
 * As for models of whole windows (group-counts.ts), but no model is run: what is counted adds up.
 */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import type { SharedName } from '@tributary/attribution/models/shared-models';
import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { minus, type Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import { scopeOf } from '../journeys/scope.ts';
import { singleOrdersOf } from '../journeys/single-orders.ts';
import type { Counting } from '../models/counted-model.ts';
import { countedModel } from '../models/live-models.ts';
import type { ReportQuestion } from '../question.ts';
import type { Rename } from '../row-keys.ts';
import { type GroupCounts, inGroup } from './group-counts.ts';
import { ordersOf } from './orders-of-users.ts';

/** `[creditMicros, valueMinor]` by channel, `(unattributed)` among them, over all currencies that are asked for. */
export interface CreditGroups extends Pick<GroupCounts, 'met' | 'orders' | 'singleOrders'> {
  readonly is: Rows;
  /** All groups but one, by group. */
  readonly without: readonly Rows[];
}

/** Models that are counted so. */
type Model = Exclude<ModelName, SharedName>;
type Grouped = Pick<Snapshot, 'project' | 'collect' | 'definitions' | 'groups'>;

/** A code: why there are none. `rename`: the channels' names in the report. The groups are prepared for it (`askCreditOfGroup`). */
export function creditOfGroups(
  model: Model,
  snapshot: Grouped,
  question: ReportQuestion,
  rename: Rename | null,
): CreditGroups | CautionCode {
  const { groups, definitions } = snapshot;
  if (groups === null || typeof groups === 'string') return groups ?? 'groups_not_kept';
  const is = countedModel(model).rows(snapshot, selectionOf(question), rename, question.parameters);
  const ofGroups = groups.each.map((group) => rowsOfGroup(model, { ...group, definitions }, question, rename));
  return {
    is,
    without: ofGroups.map((rows) => minus(is, rows)),
    met: metIn(ofGroups),
    orders: ordersOf(snapshot, scopeOf(question), rename),
    singleOrders: singleOrdersOf(question.wanted.revenue ? groups.each : [], scopeOf(question), rename),
  };
}

/** What `creditOfGroups` asks of each group. */
export function askCreditOfGroup(model: Model, group: Counting, question: ReportQuestion, rename: Rename | null): void {
  rowsOfGroup(model, group, question, rename);
  if (question.wanted.revenue) singleOrdersOf([group], scopeOf(question), null);
}

function rowsOfGroup(model: Model, counting: Counting, question: ReportQuestion, rename: Rename | null): Rows {
  const { rows, rowsOfGroup: own = rows } = countedModel(model);
  return own(counting, selectionOf(question), rename, question.parameters);
}

function selectionOf(question: ReportQuestion): Selection {
  return { ...scopeOf(question), by: ['channel'] };
}

/** What a channel is credited stands for the conversions that met it: there are no fewer of these. */
function metIn(groups: readonly Rows[]): Map<string, number[]> {
  const met = new Map<string, number[]>();
  for (const [at, rows] of groups.entries())
    for (const [channel, [micros = 0]] of rows)
      if (micros > 0) inGroup(met, channel, groups.length)[at] = Number(micros) / CREDIT_UNIT_MICROS;
  return met;
}
