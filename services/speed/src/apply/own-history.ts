import { TributaryError } from '@tributary/model/errors';
import type { OfCommit } from '@tributary/store/speed-store';
import type { PartitionRun } from '../partitions/partition-run.ts';

/**
 * What the store says as this run knows it: of the last commit taken, or of one that was sent or is about to be. Any other history is not ours: of
 * another worker, or of a store that was emptied or put back, and may be put back once more before our next commit. Throws `conflict`.
 */
export async function ofOwnHistory<T extends OfCommit>(run: PartitionRun, read: () => Promise<T>): Promise<T> {
  const before = run.settledCommitId;
  const found = await read();
  const ours = [before, run.settledCommitId, run.sentCommitId, run.commitId];
  if (ours.includes(found.commitId)) return found;
  throw new TributaryError('conflict', `partition ${run.partition} stands at the commit "${found.commitId}" of another writer`);
}
