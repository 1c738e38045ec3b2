/** Touches and costs beside credit. */

import { NONE } from '@tributary/model/channels/channel';
import { isWanted, type Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { addRow, addRows, type Rows } from '@tributary/views/deltas';
import { touches } from '@tributary/views/touches/fold';
import { namedRows, type Rename } from '../row-keys.ts';
import type { Counts } from './take-counts.ts';

/**
 * Touches of no currency, most of which cost nothing, belong to a report of any: a filter by currency is about money. What they may have
 * cost has no currency, and is not among the costs of one.
 */
export function withTouchesOfNoCurrency(snapshot: Pick<Snapshot, 'project'>, counts: Counts): Counts {
  const { question, names, costs } = counts;
  return costs === null ? counts : { ...counts, costs: plusTouchesOfNoCurrency(snapshot, costs, question, names.inCosts) };
}

/** `rows`: those of the view `touches` under this selection. */
export function plusTouchesOfNoCurrency(
  snapshot: Pick<Snapshot, 'project'>,
  rows: Rows,
  { days, by, equal }: Selection,
  rename: Rename | null = null,
): Rows {
  if (isWanted(equal['currency'], NONE)) return rows;
  const sum: Rows = new Map();
  addRows(sum, rows);
  const ofNone = { days, by, equal: { ...equal, currency: NONE } };
  for (const [key, [count = 0]] of namedRows(snapshot, touches, ofNone, rename)) addRow(sum, key, [count, 0]);
  return sum;
}
