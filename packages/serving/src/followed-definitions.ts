/** Which definitions the rows of a snapshot follow: those of its generation, and those that partitions follow since. */
import type { Definitions } from '@tributary/model/definitions';
import type { PartitionState } from '@tributary/store/speed-store';
import type { LoadedGeneration } from './generations/loaded.ts';
import type { Layers } from './merge.ts';
import type { ServingDeps } from './ports.ts';

export interface FollowedDefinitions {
  readonly own: Definitions;
  /** What partitions follow that differs. */
  readonly others: readonly Definitions[];
  /** They changed since the cut, and back. */
  readonly changedBack: boolean;
}

export function followedDefinitions(
  states: readonly (PartitionState | null)[],
  loaded: LoadedGeneration,
  layers: Layers,
  deps: Pick<ServingDeps, 'storedDefinitions' | 'defaultDefinitions'>,
): FollowedDefinitions {
  // A partition that stands before the cut adds nothing.
  const adding = states.filter((state) => state !== null && state.generation >= loaded.generation) as PartitionState[];
  const followed = adding.map((state) => deps.storedDefinitions(state.definitions));
  const batchSide = loaded.manifest === null ? undefined : deps.storedDefinitions(loaded.manifest.definitions);
  const own = batchSide ?? followed[0] ?? deps.defaultDefinitions;
  return {
    own,
    others: layers === 'batch' ? [] : followed.filter(({ version }) => version !== own.version),
    changedBack: adding.some(({ definitionsSince, generation }) => (definitionsSince ?? generation) > loaded.generation),
  };
}
