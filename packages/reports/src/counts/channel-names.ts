/**
 * Under which name a channel appears in a report with data-driven models. Definitions may tell few channels apart, and a
 * model takes a bounded number: the rest is `(other)`, in its credit, its touches and its costs alike. The names are those of
 * all windows and all models of an answer, so that its rows can be held against each other.
 */
import { hash } from 'node:crypto';
import { isShared, type ModelName } from '@tributary/attribution/models/catalogue';
import { SHARED_MODELS } from '@tributary/attribution/models/shared-models';
import { OTHER } from '@tributary/model/channels/channel';
import type { Definitions } from '@tributary/model/definitions';
import { UNATTRIBUTED } from '@tributary/views/credit/fold';
import type { RuleParameters } from '../models/counted-model.ts';
import { readsTracked } from '../models/live-models.ts';
import type { Rename } from '../row-keys.ts';
import type { JourneyCounts } from './journey-counts.ts';

/** null: every channel keeps its name. */
export interface ChannelNames {
  /** In the counts that models are run on. */
  readonly inModels: Rename | null;
  readonly inCredit: Rename | null;
  readonly inCosts: Rename | null;
  /** Channels that are grouped into `(other)`, for there are more than the models take. */
  readonly grouped: number;
  /** A channel is called what conversions without a path are called: it reads `(other)`. */
  readonly hasUnclaimed: boolean;
  /** Two with the same key give the same names to models. */
  readonly key: string;
}

/** `counts`: of all windows of the answer. A channel that is tracked in one of them only could not be held against itself. */
export function channelNames(
  { trackedChannels }: Pick<Definitions, 'trackedChannels'>,
  { models, parameters }: { readonly models: readonly ModelName[]; readonly parameters: RuleParameters },
  counts: readonly JourneyCounts[],
): ChannelNames {
  const channels = new Set(counts.flatMap((window) => [...channelsIn(window)]));
  const readTracked = models.some((model) => readsTracked(model, parameters));
  const tracked = readTracked && trackedChannels !== null ? onlyThese(trackedChannels) : null;
  const unclaimed = channels.has(UNATTRIBUTED) ? otherThanUnattributed : null;
  const largest = largestChannels(models, counts, channels);
  const grouped = largest === null ? null : onlyThese(largest);
  return {
    inModels: composed(unclaimed, grouped),
    inCredit: composed(tracked, grouped),
    inCosts: composed(unclaimed, tracked, grouped),
    grouped: largest === null ? 0 : [...channels].filter((channel) => !ENDS.has(channel) && !largest.has(channel)).length,
    hasUnclaimed: unclaimed !== null,
    key: largest === null ? '' : hash('sha256', [...largest].sort().join('\t'), 'base64url'),
  };
}

function channelsIn({ sizes, sets, edges }: JourneyCounts): Set<string> {
  const channels = new Set(sizes.ofConversions.map(({ channel }) => channel));
  for (const row of sets?.counts(null) ?? []) for (const channel of row.channels) channels.add(channel);
  for (const row of edges?.counts(null) ?? []) for (const channel of row.to) channels.add(channel);
  return channels;
}

/** Names that are given to what has no name of its own. */
const ENDS: ReadonlySet<string> = new Set([OTHER, UNATTRIBUTED]);

/**
 * The largest channels, by the conversions they took part in, where there are more than the models take; null: there are not.
 * Every other one is `(other)`, also one that the models do not meet: a path of more than 20 channels has touches, but no set.
 */
function largestChannels(
  models: readonly ModelName[],
  counts: readonly JourneyCounts[],
  channels: ReadonlySet<string>,
): ReadonlySet<string> | null {
  const most = Math.min(...models.filter(isShared).map((model) => SHARED_MODELS[model].mostChannels));
  const conversions = new Map<string, number>();
  for (const channel of channels) conversions.set(channel, 0);
  for (const { sizes } of counts)
    for (const { channel, amount } of sizes.ofConversions) conversions.set(channel, (conversions.get(channel) ?? 0) + amount);
  for (const name of ENDS) conversions.delete(name);
  if (conversions.size <= most) return null;
  const largestFirst = [...conversions].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new Set(largestFirst.slice(0, most - 1).map(([channel]) => channel));
}

/** Conversions without a path stay what they are. */
function onlyThese(names: ReadonlySet<string>): Rename {
  return (channel) => (names.has(channel) || channel === UNATTRIBUTED ? channel : OTHER);
}

/**
 * A channel of an old archive that is named like what has no channel: its credit may not be added to theirs. Not for rows of
 * credit, where the name stands for conversions without a path.
 */
function otherThanUnattributed(channel: string): string {
  return channel === UNATTRIBUTED ? OTHER : channel;
}

function composed(...renames: readonly (Rename | null)[]): Rename | null {
  const [first, ...rest] = renames.filter((rename) => rename !== null);
  return first === undefined ? null : rest.reduce((before, rename) => (channel) => rename(before(channel)), first);
}
