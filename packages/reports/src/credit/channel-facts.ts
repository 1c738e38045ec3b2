/** What a model says of a channel beside its credit: effects, what would be lost without it, how sure all that is. */
import type { ChannelInterval } from '@tributary/attribution/data-driven/bootstrap';
import { SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import { OTHER } from '@tributary/model/channel';
import type { SizeCounts } from '../journeys/sizes.ts';
import type { ModelOutcomes } from '../runner/run-models.ts';

export interface ChannelFacts {
  /** Conversions whose journey met it: what all that the model says of it rests on. Not of `(other)`, whose channels overlap. */
  readonly met?: number;
  readonly effect?: number;
  /** Of the value; where the window has values of one currency. */
  readonly valueEffect?: number;
  readonly intervals?: Intervals;
  /** Lost without the channel, in conversions and in minor units. Of removal effects only. */
  readonly lostConversions?: number;
  readonly lostValueMinor?: number;
}

/** Of the credit, at the level asked for, and how often the channel kept its rank. */
export interface Intervals {
  readonly conversionsLow?: number;
  readonly conversionsHigh?: number;
  /** Not rounded. */
  readonly valueMinorLow?: number;
  readonly valueMinorHigh?: number;
  readonly rank: number;
  readonly rankStability: number;
}

export function factsOf(
  model: SharedName,
  { conversions: ofConversions, values }: ModelOutcomes,
  { attributed, ofConversions: met }: SizeCounts,
): Map<string, ChannelFacts> {
  const { tellsLoss } = SHARED_MODELS[model];
  const facts = new Map<string, ChannelFacts>();
  const add = (channel: string, more: ChannelFacts) => facts.set(channel, { ...facts.get(channel), ...more });
  for (const { channel, amount } of met) if (channel !== OTHER) add(channel, { met: (facts.get(channel)?.met ?? 0) + amount });
  for (const { channel, effect } of ofConversions?.channels ?? [])
    add(channel, { effect, ...(tellsLoss ? { lostConversions: effect * Number(attributed.conversions) } : {}) });
  for (const [currency, { channels }] of values) {
    for (const { channel, effect } of channels) {
      const lost = (facts.get(channel)?.lostValueMinor ?? 0) + effect * Number(attributed.values.get(currency) ?? 0);
      add(channel, {
        ...(values.size === 1 ? { valueEffect: effect } : {}),
        ...(tellsLoss ? { lostValueMinor: lost } : {}),
      });
    }
  }
  const [[currency = '', ofValue] = []] = values.size === 1 ? [...values] : [];
  for (const { channel, rank, rankStability, ...share } of ofValue?.intervals ?? []) {
    const [valueMinorLow, valueMinorHigh] = boundsOf(share, Number(attributed.values.get(currency) ?? 0));
    add(channel, { intervals: { valueMinorLow, valueMinorHigh, rank, rankStability } });
  }
  for (const { channel, rank, rankStability, ...share } of ofConversions?.intervals ?? []) {
    const [conversionsLow, conversionsHigh] = boundsOf(share, Number(attributed.conversions));
    const { intervals } = facts.get(channel) ?? {};
    add(channel, { intervals: { ...intervals, conversionsLow, conversionsHigh, rank, rankStability } });
  }
  return facts;
}

function boundsOf({ low, high }: Pick<ChannelInterval, 'low' | 'high'>, total: number): [number, number] {
  return total < 0 ? [high * total, low * total] : [low * total, high * total];
}
