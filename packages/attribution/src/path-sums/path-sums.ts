/**
 * Sums by path that change with every draw, and what a model says of them: whatever depends on the paths alone is computed once.
 * An entry a path, in the order of the paths; channels in the order of the channels.
 */
import { byCodePoint } from '@tributary/model/code-points';
import { type PathCount, type Reward, SEPARATOR } from '../data-driven/counts.ts';

export interface PathSums {
  readonly conversions: Float64Array;
  readonly nulls: Float64Array;
  readonly value: Float64Array;
}

/** By channel. What both rewards of a draw have in common is computed once: they are asked for while the sums are as they were. */
export type EffectsOfSums = (sums: PathSums) => (reward: Reward) => Float64Array;

/** The paths, and all that a model takes beside their sums. */
export interface PathsInput {
  readonly paths: readonly Pick<PathCount, 'path'>[];
  /** All of the paths, sorted. */
  readonly channels: readonly string[];
  readonly order: number;
  readonly alpha: number;
  readonly seed: number;
}

/** Places that the paths lead to, each row once, sorted by what it is. */
export interface Grouped<Row> {
  readonly rows: readonly Row[];
  /** By path, the places of its rows: one twice counts twice. */
  readonly of: readonly (readonly number[])[];
}

export function grouped<Row>(rowsOf: readonly (readonly Row[])[], keyOf: (row: Row) => string): Grouped<Row> {
  const byKey = new Map<string, Row>();
  const keys = rowsOf.map((own) =>
    own.map((row) => {
      const key = keyOf(row);
      byKey.set(key, row);
      return key;
    }),
  );
  const sorted = [...byKey.keys()].sort(byCodePoint);
  const places = new Map(sorted.map((key, at) => [key, at]));
  return {
    rows: sorted.map((key) => byKey.get(key) as Row),
    of: keys.map((own) => own.map((key) => places.get(key) as number)),
  };
}

export function keyOfStates(...states: readonly (readonly string[])[]): string {
  return states.map((state) => state.join(SEPARATOR)).join('\n');
}

/** Sums by row. */
export function sumsOfRows({ rows, of }: Grouped<unknown>, { conversions, nulls, value }: PathSums): PathSums {
  const sums = {
    conversions: new Float64Array(rows.length),
    nulls: new Float64Array(rows.length),
    value: new Float64Array(rows.length),
  };
  for (const [path, places] of of.entries())
    for (const row of places) {
      sums.conversions[row] = (sums.conversions[row] as number) + (conversions[path] as number);
      sums.nulls[row] = (sums.nulls[row] as number) + (nulls[path] as number);
      sums.value[row] = (sums.value[row] as number) + (value[path] as number);
    }
  return sums;
}

/** Sums of effects below this part of their magnitudes are rounding noise. */
const NOISE = 1e-12;

export function sharesOf(effects: Float64Array): Float64Array {
  let sum = 0;
  let magnitude = 0;
  for (let i = 0; i < effects.length; i++) {
    sum += effects[i] as number;
    magnitude += Math.abs(effects[i] as number);
  }
  const shares = new Float64Array(effects.length);
  if (Math.abs(sum) > NOISE * magnitude) for (let i = 0; i < shares.length; i++) shares[i] = (effects[i] as number) / sum;
  return shares;
}

/** Parts of both shares, as the hybrid models blend them. */
export function blended(a: EffectsOfSums, b: EffectsOfSums, alpha: number): EffectsOfSums {
  return (sums) => {
    const [ofA, ofB] = [a(sums), b(sums)];
    return (reward) => {
      const [x, y] = [sharesOf(ofA(reward)), sharesOf(ofB(reward))];
      return x.map((share, i) => alpha * share + (1 - alpha) * (y[i] as number));
    };
  };
}
