/**
 * Under which name a channel appears in a report with data-driven models. Definitions may tell few channels apart, and a
 * model takes so many at the most: the rest is `(other)`, in its credit, its touches and its costs alike.
 */
import type { Coalition, Transition } from '@tributary/attribution/data-driven/counts';
import { renameChannels } from '@tributary/attribution/data-driven/counts';
import type { SizedCount } from '@tributary/attribution/data-driven/sum-game';
import { OTHER } from '@tributary/model/channel';
import type { Definitions } from '@tributary/model/definitions';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { SharedModel } from './catalogue.ts';

/**
 * Channels that a model is run with. 200 states of a chain take one inverse of some 100 ms; sampled games get too coarse beyond
 * that. The sum game is one pass over the counts.
 */
const MOST_MODEL_CHANNELS: Record<SharedModel, number> = {
  shapley: Number.POSITIVE_INFINITY,
  rateShapley: 200,
  markov: 200,
  markovShapley: 200,
  hybrid: 200,
};

export type Rename = (channel: string) => string;

/** null: every channel keeps its name. */
export function toldApart({ toldApart: names }: Pick<Definitions, 'toldApart'>): Rename | null {
  return names === null ? null : onlyThese(names);
}

/** Conversions without a path stay what they are. */
export function onlyThese(names: ReadonlySet<string>): Rename {
  return (channel) => (names.has(channel) || channel === UNATTRIBUTED ? channel : OTHER);
}

/**
 * A channel of an old archive that is named like what has no channel: its credit may not be added to theirs. Not for rows of
 * credit, where the name stands for conversions without a path.
 */
export function unclaimed(channel: string): string {
  return channel === UNATTRIBUTED ? OTHER : channel;
}

/**
 * The largest channels, by the conversions they took part in, where there are more than the models take; null: there are not.
 * Every other one is `(other)`, also one that the models do not meet: a path of more than 20 channels has touches, but no set.
 */
export function largestChannels(
  models: readonly SharedModel[],
  sizes: readonly SizedCount[],
  channels: Iterable<string>,
): { readonly names: ReadonlySet<string>; readonly grouped: number } | null {
  const most = Math.min(...models.map((model) => MOST_MODEL_CHANNELS[model]));
  const conversions = new Map<string, number>();
  for (const channel of channels) conversions.set(channel, 0);
  for (const { channel, amount } of sizes) conversions.set(channel, (conversions.get(channel) ?? 0) + amount);
  for (const name of [OTHER, UNATTRIBUTED]) conversions.delete(name);
  if (conversions.size <= most) return null;
  const largestFirst = [...conversions].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const names = new Set(largestFirst.slice(0, most - 1).map(([channel]) => channel));
  return { names, grouped: conversions.size - names.size };
}

export function composed(...renames: readonly (Rename | null)[]): Rename | null {
  const [first, ...rest] = renames.filter((rename) => rename !== null);
  return first === undefined ? null : rest.reduce((before, rename) => (channel) => rename(before(channel)), first);
}

export function renamedSizes(counts: readonly SizedCount[], rename: Rename): SizedCount[] {
  return counts.map((count) => ({ ...count, channel: rename(count.channel) }));
}

export const renamedSets = (counts: readonly Coalition[], rename: Rename): Coalition[] => renameChannels(counts, rename);
export const renamedEdges = (counts: readonly Transition[], rename: Rename): Transition[] => renameChannels(counts, rename);
