/** The oracle by partition: the rows of a view over the users of each, without campaigns, keyed with the partition last, as a generation keeps them. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { byPartition, GROUPED_VIEWS, keyOfGroup } from '@tributary/views/by-partition';
import { addRow, type Rows, type RowsByView } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import { naive } from './naive.ts';

export function naiveByPartition(
  events: readonly Event[],
  definitions: Definitions,
  view: Pick<View, 'name' | 'dimensions'>,
  partitions: number,
): Rows {
  const result: Rows = new Map();
  for (let partition = 0; partition < partitions; partition++) {
    const own = events.filter((event) => partitionOf(userKeyOf(event), partitions) === partition);
    for (const [key, measures] of naive(own, definitions).get(view.name) ?? [])
      addRow(result, `${keyOfGroup(view, key)}\t${partition}`, measures);
  }
  return result;
}

/** All views, and those that a generation keeps by partition as well. */
export function naiveOfGeneration(events: readonly Event[], definitions: Definitions, partitions: number): RowsByView {
  const rows = naive(events, definitions);
  for (const view of GROUPED_VIEWS) rows.set(byPartition(view).name, naiveByPartition(events, definitions, view, partitions));
  return rows;
}
