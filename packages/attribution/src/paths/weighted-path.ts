/** Journeys by their path: what aggregated path files hold, and what every model over whole paths reads. */
import { byCodePoint } from '@tributary/model/code-points';
import { type PathCount, SEPARATOR } from '../data-driven/counts.ts';
import type { Touches } from '../rules/weights.ts';

export interface WeightedPath extends PathCount {
  /** Indices of the touches that reached a milestone (lead, opportunity, …); several may fall on one touch. */
  readonly milestones?: readonly number[];
  /** Where touches have times: whole hours of each before the conversion. */
  readonly ages?: readonly number[];
  /** Which order of its user a conversion is over each channel (packages/views/src/journeys/repeat.ts); absent: times are not known. */
  readonly orders?: ReadonlyMap<string, number>;
  /** What a platform counts a single conversion under, beside its path: its day and its type. Paths that differ in it alone are one. */
  readonly filed?: string;
}

/** As rules weigh them. Touches without times are taken for equal steps apart. */
export function touchesOf({ path, ages, milestones }: Pick<WeightedPath, 'path' | 'ages' | 'milestones'>): Touches {
  const { length } = path;
  return { length, channelAt: (i) => path[i] as string, ageAt: (i) => ages?.[i] ?? length - 1 - i, milestones };
}

/** Equal paths become one, sorted by their channels: the same journeys give the same list, however they came. */
export function gathered(paths: Iterable<WeightedPath>): WeightedPath[] {
  const byKey = new Map<string, WeightedPath>();
  for (const one of paths) {
    const key = pathKey(one);
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? one : sumOf(before, one));
  }
  return [...byKey].sort(([a], [b]) => byCodePoint(a, b)).map(([, path]) => path);
}

/** Equal for paths that are one. */
export function pathKey({ path, milestones, ages }: WeightedPath): string {
  return [...path, '', milestones?.join() ?? '', ages?.join() ?? ''].join(SEPARATOR);
}

function sumOf(a: WeightedPath, b: WeightedPath): WeightedPath {
  return { ...a, conversions: a.conversions + b.conversions, value: a.value + b.value, nulls: a.nulls + b.nulls };
}
