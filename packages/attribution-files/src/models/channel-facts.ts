/** What the paths say of a channel without any model. */
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';

export interface ChannelFacts {
  readonly channel: string;
  /** Over all journeys, repeats included. */
  readonly touches: number;
  /** Journeys with at least one touch of the channel. */
  readonly journeys: number;
  /** Those of them that converted: the channel took part. */
  readonly participated: number;
}

export interface JourneyFacts {
  /** With at least one touch. */
  readonly journeys: number;
  /** With at least one touch. */
  readonly conversions: number;
  readonly valueMinor: number;
  readonly nulls: number;
  readonly unattributed: { readonly conversions: number; readonly valueMinor: number };
  readonly touches: number;
  /** Different ones with at least one touch. */
  readonly paths: number;
  /** Touches. */
  readonly longest: number;
}

export function channelFacts(paths: readonly WeightedPath[]): Map<string, ChannelFacts> {
  const facts = new Map<string, { channel: string; touches: number; journeys: number; participated: number }>();
  for (const { path, conversions, nulls } of paths) {
    const seen = new Set<string>();
    for (const channel of path) {
      let fact = facts.get(channel);
      if (fact === undefined) facts.set(channel, (fact = { channel, touches: 0, journeys: 0, participated: 0 }));
      fact.touches += conversions + nulls;
      if (seen.has(channel)) continue;
      seen.add(channel);
      fact.journeys += conversions + nulls;
      fact.participated += conversions;
    }
  }
  return facts;
}

export function journeyFacts(paths: readonly WeightedPath[]): JourneyFacts {
  const touched = paths.filter(({ path }) => path.length > 0);
  const without = paths.filter(({ path }) => path.length === 0);
  const sum = (of: readonly WeightedPath[], measure: (path: WeightedPath) => number) =>
    of.reduce((total, path) => total + measure(path), 0);
  return {
    journeys: sum(touched, ({ conversions, nulls }) => conversions + nulls),
    conversions: sum(touched, ({ conversions }) => conversions),
    valueMinor: sum(touched, ({ value }) => value),
    nulls: sum(touched, ({ nulls }) => nulls),
    unattributed: { conversions: sum(without, ({ conversions }) => conversions), valueMinor: sum(without, ({ value }) => value) },
    touches: sum(touched, ({ path, conversions, nulls }) => path.length * (conversions + nulls)),
    paths: touched.length,
    longest: touched.reduce((longest, { path }) => Math.max(longest, path.length), 0),
  };
}
