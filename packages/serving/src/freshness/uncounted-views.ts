/** Whether partitions counted since the cut what is asked for: a worker of an older version does not know views that an upgrade added. Pure. */
import { notCounted } from '@tributary/store/counted-views';
import type { PartitionState } from '@tributary/store/speed-store';
import type { View } from '@tributary/views/view';

/** Reasons why rows since the cut of `generation` may be missing, one for each view; empty when each partition counts all of `views`. */
export function whyNotCounted(states: readonly (PartitionState | null)[], views: readonly View[], generation: number): string[] {
  const byView = new Map<string, number[]>();
  for (const { partition, view } of notCounted(states, views, generation))
    byView.set(view.name, [...(byView.get(view.name) ?? []), partition]);
  return [...byView].map(
    ([name, partitions]) =>
      `the view "${name}" is not counted in real time since the cut of generation ${generation} (partition ${partitions.join(', ')}): a speed worker of another version wrote there. Exact again once a newer generation is published: run \`tributary batch run\` when all speed workers are of one version`,
  );
}
