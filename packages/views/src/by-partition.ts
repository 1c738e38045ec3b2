/**
 * Views whose rows a generation keeps by partition as well: a partition is a group of users, and how sure a model is follows from what
 * it says without each group. Real time keeps all rows by partition.
 */
import { coalitions } from './coalitions/fold.ts';
import { nullCoalitions } from './null-coalitions/fold.ts';
import { nullTransitions } from './null-transitions/fold.ts';
import { transitions } from './transitions/fold.ts';
import type { View } from './view.ts';

export const GROUPED_VIEWS: readonly View[] = [coalitions, transitions, nullCoalitions, nullTransitions];

/** The columns of such rows: the partition comes last, in digits. Summed over it they are the view's own. */
export function byPartition({ name, dimensions, measures }: View): Pick<View, 'name' | 'dimensions' | 'measures'> {
  return { name: `${name}ByPartition`, dimensions: [...dimensions, 'partition'], measures };
}

/** The views among them that are kept by partition. */
export function groupedOf(views: readonly View[]): ReturnType<typeof byPartition>[] {
  return views.filter((view) => GROUPED_VIEWS.includes(view)).map(byPartition);
}
