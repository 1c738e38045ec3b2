/**
 * The game of rates over a channel alone: what it rests on, and what it does to an effect that it is printed where enough convert by it.
 * Journeys alone are counted whether they convert or not, so what is refused for few of them is not chosen by its figures.
 */
import { type ModelName, modelInfo } from '../models/catalogue.ts';
import { deviations, partBelow } from './scales.ts';
import { MANY_DEVIATIONS } from './selection.ts';

/** Journeys over a channel alone that show its rate, and how many of them must convert. */
export const FEWEST_ALONE = { journeys: 30, converted: 5 };

/** Journeys over each channel alone that the effects of all others need. */
const FEWEST_OF_EACH = 5;

/** From here on Student's t is a normal variable. */
const MANY_DEGREES = 200;

/**
 * The degrees of freedom of the variance of effects: the rate over a channel alone has the same weight in the effects of all others
 * however few journeys it has, so the one with the fewest decides.
 */
export function degreesOfRates(alone: readonly number[]): number {
  return alone.reduce((least, journeys) => Math.min(least, journeys - 1), MANY_DEGREES);
}

/** Where there are so few journeys over one channel alone, or none by chance, no effect has an interval. */
export function refusalOfRates(model: ModelName, degrees: number): 'rates_not_certain' | null {
  return modelInfo(model).estimates === 'rateDifference' && degrees < FEWEST_OF_EACH - 1 ? 'rates_not_certain' : null;
}

/** By how much the effect may be too high, of a channel that is printed where enough convert by it alone. `rate`: over it alone; `lowered`: the factor of a count's lower bound. */
export function heightAlone(
  alone: readonly number[],
  i: number,
  { rate, lowered }: { readonly rate: number; readonly lowered: number },
): number {
  return (1 - lowered) * followsAlone(alone, i) * rate;
}

/**
 * How far the effect of a channel follows its rate alone, at most: φ_i is a mean of v(S ∪ {i}) − v(S) over sizes of S, and the journeys over
 * i alone are a part of those of each S ∪ {i}: of as many as there are over each of its channels alone, or more.
 */
export function followsAlone(alone: readonly number[], i: number): number {
  const own = alone[i] as number;
  const others = alone.filter((_, channel) => channel !== i).sort((a, b) => a - b);
  let [among, sum] = [own, own > 0 ? 1 : 0];
  for (const journeys of others) {
    among += journeys;
    sum += among === 0 ? 0 : own / among;
  }
  return sum / alone.length;
}

/** Probabilities below that are taken as 0. */
const RAREST = 1e-12;

/** How many standard errors an effect is above 0: as many as are as rare of a normal variable, for its error is known by few degrees of freedom. */
export function deviationsAbove(effect: number, variance: number, degrees: number): number {
  const apart = effect / Math.sqrt(variance);
  if (!(apart > 0)) return 0;
  const below = partBelow(apart, degrees);
  return below > 1 - RAREST ? MANY_DEVIATIONS : deviations(2 * below - 1);
}
