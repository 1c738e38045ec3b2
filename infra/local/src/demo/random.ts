/** Seeded choices: equal seeds give equal histories everywhere. */
import { sfc32 } from '@tributary/model/sfc32';

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Integer in [from, to). */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  /** One item, by weight; the first entry of each pair is the item. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T;
  pick<T>(items: readonly T[]): T;
  /** Exponentially distributed with this mean: gaps between independent events. */
  exponential(mean: number): number;
}

export function createRandom(seed: number): Random {
  const bits = sfc32(seed, 0x9e3779b9, 0x243f6a88);
  const next = () => bits() / 2 ** 32;
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick(items) {
      return items[int(0, items.length)] as (typeof items)[number];
    },
    weighted(choices) {
      let rest = next() * choices.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [item, weight] of choices) {
        rest -= weight;
        if (rest < 0) return item;
      }
      return (choices.at(-1) as (typeof choices)[number])[0];
    },
    exponential: (mean) => -mean * Math.log(1 - next()),
  };
}
