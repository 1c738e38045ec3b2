/** Whether a model hands out credit: files of paths and reports both ask here. */
import { type ModelName, modelInfo } from '../models/catalogue.ts';
import { isOutsideOfWhole } from './scales.ts';

/**
 * The shares by which a model cannot hand out credit: those below 0 or above 1 of a difference of rates. One of them leaves all of the
 * model's effects without credit. Shares of amounts leave the whole only where refunds stand beside sales, and are sound there.
 */
export function unsoundShares<Effect extends { readonly share: number }>(model: ModelName, effects: Iterable<Effect>): Effect[] {
  if (modelInfo(model).estimates !== 'rateDifference') return [];
  return [...effects].filter(({ share }) => isOutsideOfWhole(share));
}
