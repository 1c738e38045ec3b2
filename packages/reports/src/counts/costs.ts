/** Touches and costs beside credit. */
import { isWanted } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { addRow, addRows, type Rows } from '@tributary/views/deltas';
import { NONE } from '@tributary/views/timeline';
import { touches } from '@tributary/views/touches/fold';
import { namedRows } from '../row-keys.ts';
import type { Counts } from './take-counts.ts';

/**
 * Touches of no currency, most of which cost nothing, belong to a report of any: a filter by currency is about money. What they may have
 * cost has no currency, and is not among the costs of one.
 */
export function withTouchesOfNoCurrency(snapshot: Pick<Snapshot, 'project'>, counts: Counts): Counts {
  const { question, names, costs } = counts;
  const { days, by, equal } = question;
  if (costs === null || isWanted(equal['currency'], NONE)) return counts;
  const rows: Rows = new Map();
  addRows(rows, costs);
  const ofNone = { days, by, equal: { ...equal, currency: NONE } };
  for (const [key, [count = 0]] of namedRows(snapshot, touches, ofNone, names.inCosts)) addRow(rows, key, [count, 0]);
  return { ...counts, costs: rows };
}
