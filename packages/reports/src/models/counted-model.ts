/** A model whose credit comes from views conversion by conversion, none of it from the window as a whole. */

import type { Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { Rename } from '../row-keys.ts';

export interface RuleParameters {
  /** Changes to paths before a rule weighs them; null: none was asked for. */
  readonly transform: string | null;
  /** The shape of the rule `custom`; null: none was given. */
  readonly custom: string | null;
}

export type Counting = Pick<Snapshot, 'project' | 'collect' | 'definitions'>;

export interface CountedModel {
  /** The views that it is computed from. */
  views(parameters: RuleParameters): readonly View[];
  /** `[creditMicros, valueMinor]` by `selection.by`, channels under the names of the report. */
  rows(snapshot: Counting, selection: Selection, rename: Rename | null, parameters: RuleParameters): Rows;
  /** The same of a group of users, by channel, where that takes less; left out: as `rows`. */
  readonly rowsOfGroup?: CountedModel['rows'];
}
