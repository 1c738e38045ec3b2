/** A model whose credit a view counts already, conversion by conversion: all that the report must know of it is in one file. */

import type { Parameter } from '@tributary/attribution/models/shared-model';
import type { Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { Rename } from '../row-keys.ts';

export interface CountedModel {
  /** counts: what the model says are whole numbers that overlap; their totals are not the conversions. */
  readonly family: 'ruleBased' | 'dataDriven' | 'counts';
  readonly rule: string;
  /** What `effect` is; null: the model has none. */
  readonly effect: string | null;
  readonly parameters: readonly Parameter[];
  /** The views that it is computed from. */
  readonly views: readonly View[];
  /** `[creditMicros, valueMinor]` by `selection.by`, channels under the names of the report. */
  rows(snapshot: Pick<Snapshot, 'project'>, selection: Selection, rename: Rename | null): Rows;
}
