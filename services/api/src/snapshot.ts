/** One consistent look at both layers: what every report is computed from. */
import type { PartitionState } from '@tributary/kv/port';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { ApiContext } from './context.ts';
import { type Collection, collectionOf, type Layers, projectionOf, type Selection } from './merge.ts';
import { type Findings, type Meta, metaOf } from './meta.ts';

export interface Snapshot {
  /**
   * Rows of a view (one of those the snapshot was taken of) under a selection, both layers added. Shared with other
   * requests: callers do not change it. It never changes by itself either, and while nothing new was counted, the same
   * question gives the very same object: what is computed from it may be remembered under it (a WeakMap).
   */
  project(view: View, selection: Selection): Rows;
  /** Likewise the sums of all that `collection.map` emits for the rows of a view in a range of days, both layers added. */
  collect(view: View, collection: Collection): Rows;
  /** Definitions that the rows follow: the batch side's first, then those that partitions follow where they differ. */
  readonly definitions: readonly [Definitions, ...Definitions[]];
  /** The newer generation that readers should get and that is being loaded; null: there is none. */
  readonly newer: number | null;
  /** Each partition as of the commit that the rows are of. */
  readonly states: readonly (PartitionState | null)[];
  meta(findings?: Findings): Meta;
}

/**
 * The pointer is taken once: the view, the deltas and the meta of an answer all belong to that one generation (fault 16).
 * Rejects with `store_unavailable` or `not_ready`; never resolves with less than everything.
 */
export async function takeSnapshot(
  { deps, generations, board, deltas }: Pick<ApiContext, 'deps' | 'generations' | 'board' | 'deltas'>,
  views: readonly View[],
  layers: Layers,
): Promise<Snapshot> {
  const served = generations.take(await fromStore(deps.store.pointer()));
  const { loaded } = served;
  const { wanted } = generations.current();
  const names = layers === 'batch' ? [] : views.map((view) => view.name);
  const look = await fromStore(deltas.look(loaded.generation, names));

  const { states, pending, overflowed } = look;
  const health = board.health(states);
  const followed = states.flatMap((state) => (state === null ? [] : [deps.parseDefinitions(state.definitions)]));
  const inForce = new Set(followed.map(({ version }) => version));
  const batchSide = loaded.manifest === null ? undefined : deps.parseDefinitions(loaded.manifest.definitions);
  const definitions = batchSide ?? followed[0] ?? deps.defaultDefinitions;
  const others = layers === 'batch' ? [] : followed.filter(({ version }) => version !== definitions.version);

  return {
    project: (view, selection) => look.answer(loaded, projectionOf(view, selection), layers),
    collect: (view, collection) => look.answer(loaded, collectionOf(view, collection), layers),
    definitions: [definitions, ...others],
    newer: wanted !== null && served.failure === null && wanted.generation > loaded.generation ? wanted.generation : null,
    states,
    meta: (findings = { holes: [], notes: [] }) =>
      metaOf(
        { layers, served, pending, overflowed, health, definitionsVersion: definitions.version, speedDefinitions: inForce },
        findings,
      ),
  };
}

/** Whatever the store's client throws reaches clients as `store_unavailable`: nothing was answered, asking again is safe. */
export async function fromStore<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof TributaryError) throw cause;
    throw new TributaryError('store_unavailable', `the store did not answer: ${(cause as Error).message}`, { cause });
  }
}
