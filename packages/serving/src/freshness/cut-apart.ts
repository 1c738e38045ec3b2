/**
 * Whether view and deltas meet at one barrier. Each layer is cut at the first barrier of a generation that it knows. One that only one
 * of them knew (the other was of an older version and parked it) was appended again, and then they are cut at two copies. Pure.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { PartitionState } from '@tributary/store/speed-store';

export interface CutApart {
  readonly partition: number;
  readonly cut: string;
  /** Undefined: the store was emptied since the worker crossed it, or a worker of an older version did, which did not note it. */
  readonly barrier: string | undefined;
}

type Cut = Pick<GenerationManifest, 'generation' | 'cut'>;

/** Partitions whose deltas begin at another copy of the barrier than the one where the generation was cut. */
export function partitionsCutApart(states: readonly (PartitionState | null)[], { generation, cut: cuts }: Cut): CutApart[] {
  return states.flatMap((state, partition) => {
    const cut = cuts[partition];
    const barrier = state?.barriers?.get(generation);
    // Before the barrier nothing is added that the view may hold.
    const isApart = state !== null && state.generation >= generation && cut !== undefined && barrier !== cut;
    return isApart ? [{ partition, cut, barrier }] : [];
  });
}

/** Reasons why what lies around the cut may count twice or not at all; empty when each partition adds from the cut on. `served`: null: none. */
export function cutsApart(states: readonly (PartitionState | null)[], served: Cut | null): string[] {
  if (served === null) return [];
  const { generation } = served;
  return partitionsCutApart(states, served).map(({ partition, cut, barrier }) => {
    const found =
      barrier === undefined
        ? `generation ${generation} was cut at ${cut}, and nothing says whether the deltas since were as well: Redis was emptied since, or an older version of the speed worker read the barrier`
        : `generation ${generation} was cut at ${cut}, and the deltas since at ${barrier}: what lies in between counts ${barrier < cut ? 'twice' : 'in neither'}`;
    return `partition ${partition}: ${found}. Exact again once a newer generation is published: run \`tributary batch run\` when all archivers and speed workers are of one version`;
  });
}
