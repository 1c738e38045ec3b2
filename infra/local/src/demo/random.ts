/** A small seeded generator of random numbers (sfc32 by C. Doty-Humphrey): equal seeds give equal histories everywhere. */
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
  let a = seed | 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let counter = 1;
  function next(): number {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  }
  // The first outputs still show the seed's pattern.
  for (let i = 0; i < 15; i++) next();

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
