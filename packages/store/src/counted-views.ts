/**
 * Which views the deltas of a partition have, and from which generation on: a worker of another version may count fewer than those that a
 * generation has, and what it did not count must not pass for zero. Pure.
 */
import type { View } from '@tributary/views/view';
import type { PartitionState } from './speed-store.ts';

type Named = Pick<View, 'name'>;

/** Views that workers may lack which do not note what they count; later ones were never counted without a note. */
const NOT_ALWAYS_COUNTED: ReadonlySet<string> = new Set(['orderNumbers', 'sessions', 'exits']);

/** The first generation whose deltas, and all after it, have every row of the view; infinite: they do not have it. `state`: null: nothing was counted yet. */
export function countedSince(state: PartitionState | null, { name }: Named): number {
  if (state === null) return 0;
  if (state.viewsSince !== undefined) return state.viewsSince.get(name) ?? Number.POSITIVE_INFINITY;
  return NOT_ALWAYS_COUNTED.has(name) ? Number.POSITIVE_INFINITY : 0;
}

/** What a worker notes that takes over from `state` and counts `views`. What was not counted so far is whole from the next generation on. */
export function viewsSince(state: PartitionState | null, views: readonly Named[]): ReadonlyMap<string, number> {
  const next = (state?.generation ?? 0) + 1;
  return new Map(views.map((view) => [view.name, Math.min(countedSince(state, view), next)]));
}

/** Those of `views` whose rows since the cut of `generation` a partition lacks. One that stands before the cut adds nothing. */
export function uncounted<V extends Named>(
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
