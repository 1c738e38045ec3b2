/**
 * Which order of the Markov chain the data supports, as ChannelAttribution chooses it: how well the last k touches tell
 * converting journeys from others (area under the ROC curve), penalised by the number of states the order could have.
 */
import { channelsOf, type Transition } from './counts.ts';
import { lowerOrder } from './path-counts.ts';

export interface OrderFit {
  readonly order: number;
  /** Probability that a converting journey ends in a state with a higher conversion rate than a null one, ties half. */
  readonly auc: number;
  /** `1 − (1 − AUC)(N − 1)/(N − nodes − 1)` over N journeys, nodes = C(channels + k − 1, k); 0 where that is outside [0, 1]. */
  readonly penalisedAuc: number;
}

export interface OrderChoice {
  /** The lowest order with the best penalised AUC; 1 where journeys all convert or none does. */
  readonly order: number;
  readonly fits: readonly OrderFit[];
}

/** Compares the orders 1 to `maxOrder` from counts of that order (or a higher one). */
export function chooseOrder(transitions: readonly Transition[], maxOrder: number): OrderChoice {
  const channels = channelsOf(transitions).length;
  const fits = Array.from({ length: maxOrder }, (_, i) => fitOf(lowerOrder(transitions, i + 1), i + 1, channels));
  const best = fits.reduce((before, fit) => (fit.penalisedAuc > before.penalisedAuc ? fit : before));
  return { order: best.order, fits };
}

function fitOf(transitions: readonly Transition[], order: number, channels: number): OrderFit {
  const ends = transitions.filter(({ to }) => to.length === 0);
  const auc = aucOf(ends);
  const journeys = ends.reduce((sum, { conversions, nulls }) => sum + conversions + nulls, 0);
  const spare = journeys - nodesOf(channels, order) - 1;
  const penalised = spare > 0 ? 1 - ((1 - auc) * (journeys - 1)) / spare : 0;
  return { order, auc, penalisedAuc: penalised >= 0 && penalised <= 1 ? penalised : 0 };
}

/** Exact, over all thresholds. 0.5 (no better than a coin) where there are no conversions, or no nulls. */
function aucOf(ends: readonly Transition[]): number {
  const rate = (row: Transition) => row.conversions / (row.conversions + row.nulls);
  const byRate = Map.groupBy(
    ends.filter((row) => row.conversions + row.nulls > 0),
    rate,
  );
  let nullsBelow = 0;
  let conversions = 0;
  let won = 0;
  for (const [, tied] of [...byRate].sort(([a], [b]) => a - b)) {
    const converting = tied.reduce((sum, row) => sum + row.conversions, 0);
    const nulls = tied.reduce((sum, row) => sum + row.nulls, 0);
    won += converting * (nullsBelow + nulls / 2);
    conversions += converting;
    nullsBelow += nulls;
  }
  return conversions === 0 || nullsBelow === 0 ? 0.5 : won / conversions / nullsBelow;
}

/** Multisets of `order` channels. */
function nodesOf(channels: number, order: number): number {
  let nodes = 1;
  for (let i = 0; i < order; i++) nodes = (nodes * (channels + i)) / (i + 1);
  return nodes;
}
