/**
 * What is drawn as one: all that a user did, or a single journey where users are not known. Journeys of one user go together: drawn
 * apart, one user with 25 purchases would count as 25 witnesses.
 */
import { byCodePoint } from '@tributary/model/code-points';
import { pathKey, type WeightedPath } from '../paths/weighted-path.ts';

export type UnitKind = 'user' | 'journey';

/** `times` units that are alike: each has these journeys, with their own values. */
export interface UnitRow {
  readonly times: number;
  /** The key of the one user that the row is; absent: it is not known, or there are several. */
  readonly user?: string;
  readonly journeys: readonly WeightedPath[];
}

export interface Sample {
  readonly kind: UnitKind;
  readonly rows: readonly UnitRow[];
  /** False: values are known as sums over several orders only, which say nothing of how much orders differ. */
  readonly hasSingleValues: boolean;
  /** Users of some conversions are known, those of others are not. */
  readonly lacksUsers?: boolean;
}

/** The same in one piece: unit `i` is there `times[i]` times, its journeys are the places from `begins[i]` to `begins[i + 1]`. */
export interface Units {
  readonly kind: UnitKind;
  readonly hasSingleValues: boolean;
  readonly lacksUsers: boolean;
  /** Different ones, sorted. Their own counts are of no meaning here. */
  readonly paths: readonly WeightedPath[];
  readonly times: Float64Array;
  /** Probability that none of them is drawn. */
  readonly never: Float64Array;
  readonly begins: Int32Array;
  readonly pathOf: Int32Array;
  readonly conversions: Float64Array;
  readonly nulls: Float64Array;
  readonly value: Float64Array;
}

/** Units that are alike become one row, sorted: the same units draw the same, in whatever order they came. Journeys without a touch are left out. */
export function unitsOf({ kind, rows, hasSingleValues, lacksUsers = false }: Sample): Units {
  const paths = new Map<string, WeightedPath>();
  const units = new Map<string, { times: number; readonly journeys: readonly (readonly [key: string, WeightedPath])[] }>();
  for (const { times, journeys } of rows) {
    const keyed = journeys.flatMap((journey) => {
      if (journey.path.length === 0 || journey.conversions + journey.nulls === 0) return [];
      const key = pathKey(journey);
      if (!paths.has(key)) paths.set(key, journey);
      return [[key, journey] as const];
    });
    if (keyed.length === 0 || times === 0) continue;
    const entries = keyed.map(([key, { conversions, nulls, value }]) => `${key}\n${conversions} ${nulls} ${value}`).sort();
    const name = entries.join('\n');
    const known = units.get(name);
    if (known === undefined) units.set(name, { times, journeys: keyed });
    else known.times += times;
  }
  const places = new Map([...paths.keys()].sort(byCodePoint).map((key, at) => [key, at]));
  const sorted = [...units].sort(([a], [b]) => byCodePoint(a, b)).map(([, unit]) => unit);
  const all = sorted.flatMap(({ journeys }) => journeys);
  const begins = new Int32Array(sorted.length + 1);
  for (const [i, { journeys }] of sorted.entries()) begins[i + 1] = (begins[i] as number) + journeys.length;
  return {
    kind,
    hasSingleValues,
    lacksUsers,
    paths: [...places.keys()].map((key) => paths.get(key) as WeightedPath),
    times: Float64Array.from(sorted, ({ times }) => times),
    never: Float64Array.from(sorted, ({ times }) => Math.exp(-times)),
    begins,
    pathOf: Int32Array.from(all, ([key]) => places.get(key) as number),
    conversions: Float64Array.from(all, ([, { conversions }]) => conversions),
    nulls: Float64Array.from(all, ([, { nulls }]) => nulls),
    value: Float64Array.from(all, ([, { value }]) => value),
  };
}

/** Where only paths are known: every conversion and every null is a journey by itself, and only single conversions have a known value. */
export function journeysAsUnits(paths: readonly WeightedPath[]): Sample {
  return {
    kind: 'journey',
    rows: paths.flatMap((path): UnitRow[] => [
      { times: path.conversions, journeys: [{ ...path, conversions: 1, nulls: 0, value: path.value / path.conversions || 0 }] },
      { times: path.nulls, journeys: [{ ...path, conversions: 0, nulls: 1, value: 0 }] },
    ]),
    hasSingleValues: paths.every(({ conversions, value }) => conversions <= 1 || value === 0),
  };
}
