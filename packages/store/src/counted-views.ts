/**
 * Which views the deltas of a partition have, and from which generation on: a worker of another version may count fewer than those that a
 * generation has, and what it did not count must not pass for zero. Pure.
 */
import type { View } from '@tributary/views/view';
import type { PartitionState } from './speed-store.ts';

type Named = Pick<View, 'name'>;

/** What every worker counts that does not note what it counts. Such a worker does not know any later view. */
const COUNTED_WITHOUT_NOTE: ReadonlySet<string> = new Set(
  `activity touches conversions credit coalitions transitions nullCoalitions nullTransitions paths pathShapes channelLags assists positions
   pages links forms attention attentionTotals heat`.split(/\s+/),
);

/** The first generation whose deltas, and all after it, have every row of the view; infinite: they do not have it. `state`: null: nothing was counted yet. */
export function countedSince(state: PartitionState | null, { name }: Named): number {
  if (state === null) return 0;
  if (state.viewsSince !== undefined) return state.viewsSince.get(name) ?? Number.POSITIVE_INFINITY;
  return COUNTED_WITHOUT_NOTE.has(name) ? 0 : Number.POSITIVE_INFINITY;
}

/** What a worker notes that takes over from `state` and counts `views`. What was not counted so far is whole from the next generation on. */
export function viewsSinceAfter(state: PartitionState | null, views: readonly Named[]): ReadonlyMap<string, number> {
  const next = (state?.generation ?? 0) + 1;
  return new Map(views.map((view) => [view.name, Math.min(countedSince(state, view), next)]));
}

/** The same of a worker that counts nothing before `generation`. */
export function countedOnlyFrom(generation: number, since: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...since].map(([name, counted]) => [name, Math.max(counted, generation)]));
}

/** Those of `views` whose rows since the cut of `generation` a partition lacks. One that stands before the cut adds nothing. */
export function notCounted<V extends Named>(
  states: readonly (PartitionState | null)[],
  views: readonly V[],
  generation: number,
): { readonly partition: number; readonly view: V }[] {
  return states.flatMap((state, partition) =>
    state === null || state.generation < generation
      ? []
      : views.filter((view) => countedSince(state, view) > generation).map((view) => ({ partition, view })),
  );
}
