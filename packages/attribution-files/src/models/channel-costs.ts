/** What each channel of a file cost in all. */
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import { InputError } from '@tributary/importing/failures';
import type { Costs } from '../files/costs.ts';
import type { Decimal } from '../files/decimal.ts';
import { channelFacts } from './channel-facts.ts';

/** Whole costs at `decimals`, by channel as the file names it; `unseen`: channels without any touch there. */
export function costsByChannel({
  paths,
  decimals,
  costs,
  touchCosts,
  own,
}: {
  readonly paths: readonly WeightedPath[];
  readonly decimals: number;
  readonly costs: Costs;
  readonly touchCosts: Costs;
  /** In the file itself, at `decimals`. */
  readonly own: ReadonlyMap<string, number>;
}): { costs: Map<string, number>; unseen: string[] } {
  const facts = channelFacts(paths);
  const minor = ({ units, scale }: Decimal) => units * 10 ** (decimals - scale);
  const total = new Map([...costs].map(([channel, cost]) => [channel, minor(cost)]));
  for (const [channel, cost] of touchCosts)
    total.set(channel, (total.get(channel) ?? 0) + minor(cost) * (facts.get(channel)?.touches ?? 0));
  for (const [channel, cost] of own) total.set(channel, (total.get(channel) ?? 0) + cost);
  const sum = [...total.values()].reduce((all, cost) => all + cost, 0);
  if (sum > Number.MAX_SAFE_INTEGER)
    throw new InputError(
      `costs must sum to at most ${Number.MAX_SAFE_INTEGER / 10 ** decimals}, to be added exactly (got ${sum / 10 ** decimals}). Give them in a larger unit.`,
    );
  return { costs: total, unseen: [...total.keys()].filter((channel) => !facts.has(channel)) };
}
