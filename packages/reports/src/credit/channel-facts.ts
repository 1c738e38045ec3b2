/** What a model says of a channel beside its credit: effects, and what lies on modelled paths through it. */
import { SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import { OTHER } from '@tributary/model/channels/channel';
import type { SizeCounts } from '../journeys/sizes.ts';
import type { ModelOutcomes } from '../runner/run-models.ts';

export interface ChannelFacts {
  /** Conversions whose journey met it: what all that the model says of it rests on. Not of `(other)`, whose channels overlap. */
  readonly met?: number;
  readonly effect?: number;
  /** The effect on value, where the window has values of one currency. */
  readonly valueEffect?: number;
  /** On modelled paths through the channel, in conversions and in minor units. Removal effects only. */
  readonly conversionsOnPaths?: number;
  readonly valueMinorOnPaths?: number;
}

export function factsOf(
  model: SharedName,
  { conversions: ofConversions, values }: ModelOutcomes,
  { attributed, ofConversions: met }: SizeCounts,
): Map<string, ChannelFacts> {
  const { isRemovalEffect } = SHARED_MODELS[model];
  const facts = new Map<string, ChannelFacts>();
  const add = (channel: string, more: ChannelFacts) => facts.set(channel, { ...facts.get(channel), ...more });
  for (const { channel, amount } of met) if (channel !== OTHER) add(channel, { met: (facts.get(channel)?.met ?? 0) + amount });
  for (const { channel, effect } of ofConversions?.channels ?? [])
    add(channel, { effect, ...(isRemovalEffect ? { conversionsOnPaths: effect * Number(attributed.conversions) } : {}) });
  for (const [currency, { channels }] of values) {
    for (const { channel, effect } of channels) {
      const onPaths = (facts.get(channel)?.valueMinorOnPaths ?? 0) + effect * Number(attributed.values.get(currency) ?? 0);
      add(channel, {
        ...(values.size === 1 ? { valueEffect: effect } : {}),
        ...(isRemovalEffect ? { valueMinorOnPaths: onPaths } : {}),
      });
    }
  }
  return facts;
}
