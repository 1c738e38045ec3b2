/** What hands out each conversion by itself, path by path: rules, and the sum game. */
import type { PathCount } from '../data-driven/counts.ts';
import type { EffectsOfSums } from './path-sums.ts';

/** Channels of a path, each with its part of a conversion over it. */
export type Parts = readonly (readonly [channel: number, part: number])[];

/** `weightsOf`: channels of a path in order, each with its weight. */
export function partsOf<P extends Pick<PathCount, 'path'>>(
  paths: readonly P[],
  channels: readonly string[],
  weightsOf: (path: P) => readonly (readonly [channel: string, weight: number])[],
): Parts[] {
  const place = new Map(channels.map((channel, i) => [channel, i]));
  return paths.map((one) => {
    const weights = weightsOf(one);
    const whole = weights.reduce((sum, [, weight]) => sum + weight, 0);
    const byChannel = new Map<number, number>();
    for (const [name, weight] of weights) {
      const channel = place.get(name) as number;
      byChannel.set(channel, (byChannel.get(channel) ?? 0) + weight / whole);
    }
    return [...byChannel];
  });
}

/** The same to each different channel of a path: the sum game. */
export function equally({ path }: Pick<PathCount, 'path'>): (readonly [channel: string, weight: number])[] {
  return [...new Set(path)].map((channel) => [channel, 1]);
}

/** By channel, in the unit of the reward. */
export function handedOut(parts: readonly Parts[], channels: number): EffectsOfSums {
  const begins = new Int32Array(parts.length + 1);
  for (const [path, own] of parts.entries()) begins[path + 1] = (begins[path] as number) + own.length;
  const channelAt = Int32Array.from(parts.flatMap((own) => own.map(([channel]) => channel)));
  const partAt = Float64Array.from(parts.flatMap((own) => own.map(([, part]) => part)));
  return (sums) => (reward) => {
    const effects = new Float64Array(channels);
    const amounts = sums[reward];
    for (let path = 0; path < amounts.length; path++) {
      const amount = amounts[path] as number;
      if (amount === 0) continue;
      for (let at = begins[path] as number; at < (begins[path + 1] as number); at++) {
        const channel = channelAt[at] as number;
        effects[channel] = (effects[channel] as number) + amount * (partAt[at] as number);
      }
    }
    return effects;
  };
}
