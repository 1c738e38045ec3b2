/** A path as text: what the row keys of the data-driven views are made of. */

import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import { OTHER } from '@tributary/model/channels/channel';
import { byCodePoint } from '@tributary/model/code-points';
import type { Definitions } from '@tributary/model/definitions';
import type { TimelineEvent } from '../timeline.ts';

/** Distinct channels up to which a set is tracked. */
export const MOST_CHANNELS = 20;

/** The channels of a path, in order; those that the definitions do not track read `(other)`. */
export function channelsOf(path: readonly TimelineEvent[], { trackedChannels }: Definitions): string[] {
  if (trackedChannels === null) return path.map(({ channel }) => channel);
  return path.map(({ channel }) => (trackedChannels.has(channel) ? channel : OTHER));
}

/** Distinct channels in code point order, joined; of more than `MOST_CHANNELS` only `(other)`. */
export function coalitionOf(channels: readonly string[]): string {
  if (channels.length < 2) return channels[0] ?? '';
  return setOf([...new Set(channels)].sort(byCodePoint));
}

/** The same of distinct ones that are in this order. */
export function setOf(distinct: readonly string[]): string {
  return distinct.length > MOST_CHANNELS ? OTHER : distinct.join(SEPARATOR);
}

/** Steps of the path, consecutive repeats being one, joined; of more than `most` only `(other)`. */
export function stepsOf(channels: readonly string[], most: number): string {
  const steps = channels.filter((channel, i) => channel !== channels[i - 1]);
  return steps.length > most ? OTHER : steps.join(SEPARATOR);
}

/**
 * The states that a path passes through: its k-grams, in order; a path of k touches or fewer is one state; an empty path has none.
 */
export function statesOf(channels: readonly string[], order: number): readonly string[] {
  if (order === 1) return channels;
  if (channels.length <= order) return channels.length === 0 ? [] : [channels.join(SEPARATOR)];
  return channels.slice(order - 1).map((_, i) => channels.slice(i, i + order).join(SEPARATOR));
}
