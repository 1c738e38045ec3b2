/**
 * The journeys of one window by groups of users, for how sure models are of them: a group is a partition.
 *
 *   counts of all − counts of the group → counts without it, for each group
 */
import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import type { SingleOrder } from '@tributary/attribution/uncertainty/grouped';
import type { OrdersOfChannels } from '@tributary/attribution/uncertainty/orders-of-channels';
import { minus } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import { scopeOf } from '../journeys/scope.ts';
import { singleOrdersOf } from '../journeys/single-orders.ts';
import type { ReportQuestion } from '../question.ts';
import type { Rename } from '../row-keys.ts';
import { countJourneys, type JourneyCounts } from './journey-counts.ts';
import { ordersOf } from './orders-of-users.ts';

export interface GroupCounts {
  /** The counts of all groups but one, by group. */
  readonly without: readonly JourneyCounts[];
  /** By channel: conversions that met it, by group. */
  readonly met: ReadonlyMap<string, readonly number[]>;
  /** By channel: journeys that met no other one, and groups with a conversion among them. Empty where no model looks at sets. */
  readonly alone: ReadonlyMap<string, Alone>;
  readonly orders: OrdersOfChannels;
  /** Values of orders that stand alone in a row of a group, minor units, by currency. Empty where no value was asked for. */
  readonly singleOrders: ReadonlyMap<string, readonly SingleOrder[]>;
}

export interface Alone {
  readonly journeys: number;
  readonly groups: number;
}

/** A code: why there are none. `inModels`: the names under which models see the channels. The groups are prepared for it (`askCountsOfGroup`). */
export function countGroups(
  snapshot: Pick<Snapshot, 'collect' | 'definitions' | 'newer' | 'groups'>,
  question: ReportQuestion,
  inModels: Rename | null,
): GroupCounts | CautionCode {
  const { collect, definitions, newer, groups } = snapshot;
  if (groups === null || typeof groups === 'string') return groups ?? 'groups_not_kept';
  const count = (ofGroup: Pick<Snapshot, 'collect'>) =>
    countJourneys({ collect: ofGroup.collect, definitions, newer }, question) as JourneyCounts;
  const rename: Rename = inModels ?? ((channel) => channel);
  const whole = once(collect);
  const met = new Map<string, number[]>();
  const alone = new Map<string, Alone>();
  for (const [at, group] of groups.each.entries()) {
    const { sizes, sets } = count(group);
    for (const [channel, own] of metIn(sizes.ofConversions, rename)) inGroup(met, channel, groups.each.length)[at] = own;
    for (const [channel, own] of aloneIn(sets?.counts(null) ?? [], rename)) {
      const { journeys = 0, groups: before = 0 } = alone.get(channel) ?? {};
      alone.set(channel, { journeys: journeys + own.journeys, groups: before + own.groups });
    }
  }
  return {
    without: groups.each.map((group) =>
      count({ collect: (view, collection) => minus(whole(view, collection), group.collect(view, collection)) }),
    ),
    met,
    alone,
    orders: ordersOf(snapshot, scopeOf(question), inModels),
    singleOrders: singleOrdersOf(question.wanted.revenue ? groups.each : [], scopeOf(question), rename),
  };
}

/** By group, what a map has of a channel. */
export function inGroup(byChannel: Map<string, number[]>, channel: string, groups: number): number[] {
  let known = byChannel.get(channel);
  if (known === undefined) byChannel.set(channel, (known = new Array<number>(groups).fill(0)));
  return known;
}

/** The rows of all are passed over once, not again for each group. */
function once(collect: Snapshot['collect']): Snapshot['collect'] {
  const known = new Map<string, Rows>();
  return (view, collection) => {
    const key = `${view.name}\t${collection.key}`;
    const rows = known.get(key) ?? collect(view, collection);
    known.set(key, rows);
    return rows;
  };
}

/** What `countGroups` asks of each group. */
export function askCountsOfGroup(group: Pick<Snapshot, 'collect' | 'definitions' | 'newer'>, question: ReportQuestion): void {
  countJourneys(group, question);
  if (question.wanted.revenue) singleOrdersOf([group], scopeOf(question), null);
}

function metIn(ofConversions: JourneyCounts['sizes']['ofConversions'], rename: Rename): Map<string, number> {
  const met = new Map<string, number>();
  for (const { channel, amount } of ofConversions)
    if (amount > 0) met.set(rename(channel), (met.get(rename(channel)) ?? 0) + amount);
  return met;
}

type Sets = ReturnType<NonNullable<JourneyCounts['sets']>['counts']>;

/** By channel: journeys that met no other one. */
export function aloneIn(sets: Sets, rename: Rename): Map<string, Alone> {
  const alone = new Map<string, Alone>();
  for (const { channels, conversions, nulls } of sets) {
    const [channel, ...others] = new Set(channels.map(rename));
    if (channel === undefined || others.length > 0) continue;
    const { journeys = 0, groups = 0 } = alone.get(channel) ?? {};
    alone.set(channel, { journeys: journeys + conversions + nulls, groups: conversions > 0 ? 1 : groups });
  }
  return alone;
}
