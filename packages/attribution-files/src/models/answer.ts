/** Everything that `attribution run` says, before it becomes a table, JSON or rows. Money counts `10^-decimals`. */
import type { ChannelEffect, Reward } from '@tributary/attribution/data-driven/counts';
import type { OrderChoice } from '@tributary/attribution/data-driven/order-choice';
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import { modelInfo } from '@tributary/attribution/models/catalogue';
import type { Credit } from '@tributary/attribution/paths/credit';
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import type { Interval } from '@tributary/attribution/uncertainty/scales';
import type { ChannelUncertainty, Uncertainty } from '@tributary/attribution/uncertainty/uncertainty';
import { OTHER } from '@tributary/model/channels/channel';
import { type ChannelFacts, channelFacts, type JourneyFacts } from './channel-facts.ts';
import type { ModelAnswer } from './models.ts';

export interface RunAnswer {
  readonly file: string;
  readonly decimals: number;
  readonly currency: string | undefined;
  readonly rewards: readonly Reward[];
  /** Touches in a state of the Markov models. */
  readonly order: number;
  /** How the order was chosen; null: it was given. */
  readonly choice: OrderChoice | null;
  readonly facts: JourneyFacts;
  readonly channels: readonly ChannelLine[];
  readonly models: readonly ModelAnswer[];
  readonly leftOut: readonly { readonly model: string; readonly reason: string }[];
  /** Conversions by channel and position (ordered Shapley); null: not asked for. */
  readonly positions: ReadonlyMap<string, readonly number[]> | null;
  /** null: resampling was not asked for. */
  readonly uncertainty: Uncertainty | null;
}

export interface ChannelLine extends Omit<ChannelFacts, 'channel'> {
  readonly channel: string;
  /** null: no cost was given. */
  readonly costMinor: number | null;
}

export const NO_CREDIT: Credit = { creditMicros: 0, valueMinor: 0 };

export function creditOf(model: ModelAnswer, channel: string): Credit {
  return model.credits.get(channel) ?? NO_CREDIT;
}

export function effectOf(model: ModelAnswer, reward: Reward, channel: string): ChannelEffect | undefined {
  return model.effects.get(reward)?.get(channel);
}

export function uncertaintyAt(
  { uncertainty }: Pick<RunAnswer, 'uncertainty'>,
  model: string,
  reward: Reward,
  channel: string,
): ChannelUncertainty | undefined {
  const of = uncertainty?.models.find((one) => one.model === model && one.reward === reward);
  return of?.channels.find((one) => one.channel === channel);
}

/** The cost is taken as known. */
export function roasInterval(value: ChannelUncertainty | undefined, costMinor: number | null): Interval | null {
  const of = value?.ofRatios ?? null;
  return of === null || costMinor === null || costMinor === 0 ? null : { low: of.low / costMinor, high: of.high / costMinor };
}

export function cpaInterval(
  conversions: ChannelUncertainty | undefined,
  costMinor: number | null,
  decimals: number,
): Interval | null {
  const of = conversions?.ofRatios ?? null;
  if (of === null || costMinor === null) return null;
  const cost = costMinor / 10 ** decimals;
  return { low: cost / of.high, high: cost / of.low };
}

/** null: the effects are exact. The bound on an amount of value is in units of the currency, as `valueEffect` is. */
export function samplingOf({ model, sampling }: ModelAnswer, reward: Reward, decimals: number): Sampling | null {
  const of = sampling.get(reward);
  if (of === undefined) return null;
  return reward === 'value' && modelInfo(model).estimates !== 'part' ? { ...of, epsilon: of.epsilon / 10 ** decimals } : of;
}

/** Value for money; null without a cost. */
export function roas(valueMinor: number, costMinor: number | null): number | null {
  return costMinor === null || costMinor === 0 ? null : valueMinor / costMinor;
}

/** Cost of one conversion, in units of the currency; null without a cost or without a conversion. */
export function cpa(costMinor: number | null, conversions: number, decimals: number): number | null {
  return costMinor === null || conversions <= 0 ? null : costMinor / 10 ** decimals / conversions;
}

/** The most conversions under the first model first. */
export function byCredit(channels: readonly ChannelLine[], first: ModelAnswer | undefined): ChannelLine[] {
  const rank = (line: ChannelLine) => (first === undefined ? 0 : creditOf(first, line.channel).creditMicros);
  return channels.toSorted((a, b) => rank(b) - rank(a) || b.journeys - a.journeys || (a.channel < b.channel ? -1 : 1));
}

/** Channels that the models see, and those that only cost. */
export function channelLines(
  paths: readonly WeightedPath[],
  costs: ReadonlyMap<string, number>,
  top: number | undefined,
): ChannelLine[] {
  const facts = channelFacts(paths);
  const placed = new Map<string, number>();
  for (const [channel, costMinor] of costs) {
    const at = facts.has(channel) || top === undefined ? channel : OTHER;
    placed.set(at, (placed.get(at) ?? 0) + costMinor);
  }
  const none = { touches: 0, journeys: 0, participated: 0 };
  return [...new Set([...facts.keys(), ...placed.keys()])].map((channel) => ({
    ...(facts.get(channel) ?? none),
    channel,
    costMinor: placed.get(channel) ?? null,
  }));
}
