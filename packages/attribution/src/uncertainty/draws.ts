/** Units drawn with replacement, as counts by path: Poisson bootstrap (Chamandy et al. 2012), each unit 0, 1, 2, … times. */
import { poisson, type Random } from '../data-driven/random.ts';
import type { PathSums } from '../path-sums/path-sums.ts';
import type { Units } from './units.ts';

export function emptySums({ paths }: Units): PathSums {
  const zeros = () => new Float64Array(paths.length);
  return { conversions: zeros(), nulls: zeros(), value: zeros() };
}

/** The sums as they are. */
export function addAll(units: Units, sums: PathSums): void {
  for (let unit = 0; unit < units.times.length; unit++) add(units, unit, units.times[unit] as number, sums);
}

/** The sums of one draw. */
export function addDraw(units: Units, sums: PathSums, random: Random): void {
  for (const counts of [sums.conversions, sums.nulls, sums.value]) counts.fill(0);
  const { times, never } = units;
  for (let unit = 0; unit < times.length; unit++) {
    const mean = times[unit] as number;
    const drawn = mean < SMALL ? poissonOfFew(mean, never[unit] as number, random) : poisson(mean, random);
    if (drawn > 0) add(units, unit, drawn, sums);
  }
}

function add({ begins, pathOf, conversions, nulls, value }: Units, unit: number, times: number, sums: PathSums): void {
  for (let at = begins[unit] as number; at < (begins[unit + 1] as number); at++) {
    const path = pathOf[at] as number;
    const [of, without, worth] = [conversions[at] as number, nulls[at] as number, value[at] as number];
    // Most journeys do not convert: two of three sums stay as they are.
    if (without !== 0) sums.nulls[path] = (sums.nulls[path] as number) + times * without;
    if (of !== 0) sums.conversions[path] = (sums.conversions[path] as number) + times * of;
    if (worth !== 0) sums.value[path] = (sums.value[path] as number) + times * worth;
  }
}

const MIXED = 255;

/** Means below it are drawn by one number, held against the sums of the probabilities; beyond, rejection takes less. */
const SMALL = 10;
/** No draw of a small mean is larger: what is left of the probability is below the resolution of a random number. */
const MOST = 100;

/** `above`: by how much a random number is above the probability of none. */
function smallPoisson(mean: number, above: number, never: number): number {
  let probability = never;
  let left = above;
  let count = 0;
  while (left > 0 && count < MOST) {
    count++;
    probability *= mean / count;
    left -= probability;
  }
  return count;
}

/** Most units are one of their kind, or a few. */
const PARTS = 4_096;
/** By whole mean and by which of equal parts of 0 to 1 a random number lies in: the draw, where the whole part has the same; else `MIXED`. */
const OF_FEW = Array.from({ length: SMALL }, (_, mean) => {
  const never = Math.exp(-mean);
  return new Uint8Array(PARTS).map((_part, part) => {
    const [first, last] = [part / PARTS, (part + 1) / PARTS].map((number) => smallPoisson(mean, number - never, never));
    return first === last ? (first as number) : MIXED;
  });
});

function poissonOfFew(mean: number, never: number, random: Random): number {
  const number = random();
  const drawn = OF_FEW[mean]?.[Math.floor(number * PARTS)] ?? MIXED;
  return drawn === MIXED ? smallPoisson(mean, number - never, never) : drawn;
}
