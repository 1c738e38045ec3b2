/** How sure a model is of its channels, from what it says without each of the groups of users (attribution/src/uncertainty/jackknife.ts). */

import type { ChannelEffect, Reward } from '@tributary/attribution/data-driven/counts';
import { isShared, type ModelName } from '@tributary/attribution/models/catalogue';
import type { ModelOutcome, SharedName } from '@tributary/attribution/models/shared-models';
import type { CautionCode } from '@tributary/attribution/uncertainty/caution-codes';
import type { Estimate } from '@tributary/attribution/uncertainty/estimators';
import type { Grouped } from '@tributary/attribution/uncertainty/grouped';
import { type GroupedChannel, jackknife } from '@tributary/attribution/uncertainty/jackknife';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { byCodePoint } from '@tributary/model/code-points';
import type { Integer } from '@tributary/model/integer';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { Rows } from '@tributary/views/deltas';
import type { CreditGroups } from '../counts/credit-groups.ts';
import type { GroupCounts } from '../counts/group-counts.ts';
import type { Counts } from '../counts/take-counts.ts';
import type { SizeCounts } from '../journeys/sizes.ts';
import type { ModelOutcomes } from '../runner/run-models.ts';
import { sumOf } from '../sums.ts';

export interface ModelUncertainty {
  /** How many groups of users; null: they are not known. */
  readonly groups: number | null;
  readonly level: number;
  /** Whether the model has effects, and so intervals of them. */
  readonly hasEffects: boolean;
  readonly rewards: readonly RewardUncertainty[];
}

export interface RewardUncertainty {
  readonly reward: Reward;
  readonly cautions: readonly CautionCode[];
  readonly channels: ReadonlyMap<string, GroupedChannel>;
}

/** For a model that shares out the whole window. null: none was asked for. */
export function uncertaintyOf(
  model: SharedName,
  { conversions, values }: ModelOutcomes,
  counts: Counts,
): ModelUncertainty | null {
  const { question, shared } = counts;
  const { groups, journeys } = shared as NonNullable<Counts['shared']>;
  const { intervals } = question.parameters;
  if (intervals === null || groups === null) return null;
  if (typeof groups === 'string') return notKnown(model, groups, question);
  const of = (reward: Reward, currency: string | null, { channels, without }: ModelOutcome): RewardUncertainty => {
    if (typeof without === 'string') return refused(reward, without);
    const names = channels.map(({ channel }) => channel).sort(byCodePoint);
    return rewardOf(groups, currency, {
      ...{ model, reward, level: intervals.level, channels: names },
      is: estimateOf(names, channels, journeys.sizes, currency),
      without: (without ?? []).map((effects, group) =>
        estimateOf(names, effects, (groups.without[group] as typeof journeys).sizes, currency),
      ),
      conversions: { is: conversionsOf(journeys.sizes), without: groups.without.map(({ sizes }) => conversionsOf(sizes)) },
      alone: names.map((channel) => groups.alone.get(channel) ?? { journeys: 0, groups: 0 }),
    });
  };
  const rewards: RewardUncertainty[] = conversions === null ? [] : [of('conversions', null, conversions)];
  if (values.size > 1) rewards.push(refused('value', 'several_currencies'));
  else for (const [currency, outcome] of values) rewards.push(of('value', currency, outcome));
  return { groups: groups.without.length, level: intervals.level, hasEffects: true, rewards };
}

/** For a model that is counted conversion by conversion. null: none was asked for. */
export function uncertaintyOfRows(model: ModelName, { question, creditGroups, currencies }: Counts): ModelUncertainty | null {
  const { parameters, wanted } = question;
  const groups = creditGroups.get(model);
  if (parameters.intervals === null || groups === undefined) return null;
  if (typeof groups === 'string') return notKnown(model, groups, question);
  const { level } = parameters.intervals;
  const channels = [...groups.is.keys()].filter((channel) => channel !== UNATTRIBUTED).sort(byCodePoint);
  const of = (reward: Reward, currency: string | null): RewardUncertainty =>
    rewardOf(groups, currency, {
      ...{ model, reward, level, channels },
      is: estimateOfRows(channels, groups.is, reward),
      without: groups.without.map((rows) => estimateOfRows(channels, rows, reward)),
      conversions: { is: creditedIn(groups.is), without: groups.without.map(creditedIn) },
      alone: [],
    });
  const rewards = wanted.conversions ? [of('conversions', null)] : [];
  const [only, ...others] = currencies.values;
  if (wanted.revenue && others.length > 0) rewards.push(refused('value', 'several_currencies'));
  else if (wanted.revenue && only !== undefined) rewards.push(of('value', only));
  return { groups: groups.without.length, level, hasEffects: false, rewards };
}

function notKnown(model: ModelName, code: CautionCode, { parameters, wanted }: Counts['question']): ModelUncertainty {
  const rewards: Reward[] = [
    ...(wanted.conversions ? ['conversions' as const] : []),
    ...(wanted.revenue ? ['value' as const] : []),
  ];
  const { level = 0 } = parameters.intervals ?? {};
  return { groups: null, level, hasEffects: isShared(model), rewards: rewards.map((reward) => refused(reward, code)) };
}

function refused(reward: Reward, code: CautionCode): RewardUncertainty {
  return { reward, cautions: [code], channels: new Map() };
}

function rewardOf(
  groups: Pick<GroupCounts | CreditGroups, 'met' | 'orders' | 'singleOrders'>,
  currency: string | null,
  asked: Omit<Grouped, 'met' | 'orders' | 'singleOrders'>,
): RewardUncertainty {
  const { cautions, channels } = jackknife({
    ...asked,
    met: asked.channels.map((channel) => groups.met.get(channel) ?? []),
    orders: asked.channels.map((channel) => groups.orders.of(channel)),
    singleOrders: (currency === null ? undefined : groups.singleOrders.get(currency)) ?? [],
  });
  return { reward: asked.reward, cautions, channels: new Map(channels.map((one) => [one.channel, one])) };
}

function conversionsOf({ attributed, unattributed }: Pick<SizeCounts, 'attributed' | 'unattributed'>): number {
  return Number(attributed.conversions) + Number(unattributed.conversions);
}

/** Parts of all conversions, those without a path too: so are the shares of an answer. */
function estimateOf(
  names: readonly string[],
  effects: readonly ChannelEffect[],
  { attributed, unattributed }: Pick<SizeCounts, 'attributed' | 'unattributed'>,
  currency: string | null,
): Estimate {
  const amountOf = ({ conversions, values }: SizeCounts['attributed']): Integer =>
    currency === null ? conversions : (values.get(currency) ?? 0);
  const total = Number(amountOf(attributed)) + Number(amountOf(unattributed));
  const part = total === 0 ? 0 : Number(amountOf(attributed)) / total;
  const byChannel = new Map(effects.map((one) => [one.channel, one]));
  return {
    total,
    shares: Float64Array.from(names, (channel) => (byChannel.get(channel)?.share ?? 0) * part),
    effects: Float64Array.from(names, (channel) => byChannel.get(channel)?.effect ?? 0),
  };
}

function creditedIn(rows: Rows): number {
  const [micros = 0] = sumOf(rows, 1);
  return Number(micros) / CREDIT_UNIT_MICROS;
}

/** The same of rows that hold the credit itself. */
function estimateOfRows(names: readonly string[], rows: Rows, reward: Reward): Estimate {
  const [at, unit] = reward === 'conversions' ? [0, CREDIT_UNIT_MICROS] : [1, 1];
  const amounts = Float64Array.from(names, (channel) => Number(rows.get(channel)?.[at] ?? 0) / unit);
  const total = Number(sumOf(rows, 2)[at] ?? 0) / unit;
  return { total, shares: amounts.map((amount) => (total === 0 ? 0 : amount / total)), effects: amounts };
}
