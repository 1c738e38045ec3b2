/** A partition that has come to definitions that join keys goes on once each reader knows it (packages/model/src/identity/first-second.ts). */
import { JOINING_WAIT_MS } from '@tributary/model/identity/first-second';
import type { PartitionRun } from '../partitions/partition-run.ts';

/** `now`: monotonic, ms; without one nothing waits. Whether nothing may be applied yet: asked before each batch. */
export function createJoiningWait(now: (() => number) | undefined): (run: PartitionRun) => boolean {
  const sinceMs = new WeakMap<PartitionRun, number>();
  return (run) => {
    if (run.definitions.joinedMs === null || run.hasWaited) return false;
    // Readers see what the store has.
    if (now !== undefined && run.stored?.definitions !== run.definitions.json) return true;
    const atMs = now?.() ?? Number.POSITIVE_INFINITY;
    const begunMs = sinceMs.get(run) ?? (now === undefined ? 0 : atMs);
    sinceMs.set(run, begunMs);
    run.hasWaited = atMs - begunMs >= JOINING_WAIT_MS;
    return !run.hasWaited;
  };
}
