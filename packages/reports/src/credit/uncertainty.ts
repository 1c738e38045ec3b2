/** How sure a model is of its channels, from what it says without each of the groups of users (attribution/src/uncertainty/jackknife.ts). */
import { byCodePoint, type ChannelEffect, type Reward } from '@tributary/attribution/data-driven/counts';
import type { ModelOutcome, SharedName } from '@tributary/attribution/models/shared-models';
import type { CautionCode } from '@tributary/attribution/uncertainty/cautions';
import type { Estimate } from '@tributary/attribution/uncertainty/estimators';
import { type GroupedChannel, jackknife } from '@tributary/attribution/uncertainty/jackknife';
import type { Integer } from '@tributary/model/integer';
import type { Counts } from '../counts/take-counts.ts';
import type { SizeCounts } from '../journeys/sizes.ts';
import type { ModelOutcomes } from '../runner/run-models.ts';

export interface ModelUncertainty {
  /** How many groups of users; null: they are not known. */
  readonly groups: number | null;
  readonly level: number;
  readonly rewards: readonly RewardUncertainty[];
}

export interface RewardUncertainty {
  readonly reward: Reward;
  readonly cautions: readonly CautionCode[];
  readonly channels: ReadonlyMap<string, GroupedChannel>;
}

/** null: none was asked for. */
export function uncertaintyOf(
  model: SharedName,
  { conversions, values }: ModelOutcomes,
  { question: { parameters, wanted }, shared }: Counts,
): ModelUncertainty | null {
  const { groups, journeys } = shared as NonNullable<Counts['shared']>;
  if (parameters.intervals === null || groups === null) return null;
  const { level } = parameters.intervals;
  const none = (reward: Reward, code: CautionCode) => ({ reward, cautions: [code], channels: new Map() });
  if (typeof groups === 'string') {
    const rewards = ([...(wanted.conversions ? ['conversions'] : []), ...(wanted.revenue ? ['value'] : [])] as Reward[]).map(
      (reward) => none(reward, groups),
    );
    return { groups: null, level, rewards };
  }
  const of = (reward: Reward, currency: string | null, { channels, without }: ModelOutcome): RewardUncertainty => {
    const names = channels.map(({ channel }) => channel).sort(byCodePoint);
    const answer = jackknife({
      model,
      reward,
      level,
      channels: names,
      is: estimateOf(names, channels, journeys.sizes, currency),
      without: (without ?? []).map((effects, group) =>
        estimateOf(names, effects, (groups.without[group] as typeof journeys).sizes, currency),
      ),
      conversions: { is: conversionsOf(journeys.sizes), without: groups.without.map(({ sizes }) => conversionsOf(sizes)) },
      met: names.map((channel) => groups.met.get(channel) ?? { conversions: 0, groups: 0 }),
      singleOrders: (currency === null ? undefined : groups.singleOrders.get(currency)) ?? [],
      alone: names.map((channel) => groups.alone.get(channel) ?? { journeys: 0, groups: 0 }),
    });
    return { reward, cautions: answer.cautions, channels: new Map(answer.channels.map((one) => [one.channel, one])) };
  };
  const rewards: RewardUncertainty[] = conversions === null ? [] : [of('conversions', null, conversions)];
  if (values.size > 1) rewards.push(none('value', 'several_currencies'));
  else for (const [currency, outcome] of values) rewards.push(of('value', currency, outcome));
  return { groups: groups.without.length, level, rewards };
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
