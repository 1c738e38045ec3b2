/** The users of a batch and their records: read when they are not cached, rewritten when they grew too long. */
import type { SpeedStore } from '@tributary/kv/port';
import { TributaryError } from '@tributary/model/errors';
import { trimRecord, userFromRecord } from '@tributary/views/record';
import { emptyUser } from '@tributary/views/user-state';
import type { AppliedBatch } from './apply.ts';
import type { DecodedBatch } from './decode.ts';
import type { PartitionRun } from './partition-run.ts';
import type { CachedUser } from './user-cache.ts';

export interface UserRecords {
  /** The state of each arrival's user, in the order of arrivals; `number`: of the batch. */
  load(run: PartitionRun, batch: DecodedBatch, number: number): Promise<CachedUser[]>;
  /** The commit with the records that outgrew their bound rewritten. */
  withTrims(run: PartitionRun, applied: AppliedBatch): Promise<AppliedBatch['commit']>;
}

/** `trimLength`: a record is trimmed when it passes this many characters, and again at each doubling. */
export function createUserRecords(store: SpeedStore, trimLength: number): UserRecords {
  function cachedUser(record: string | null, run: PartitionRun, batch: number): CachedUser {
    const recordLength = record?.length ?? 0;
    const trimAtLength = Math.max(trimLength, recordLength * 2);
    const state = record === null ? emptyUser() : userFromRecord(record, run.logTimeMs, run.rules);
    return { state, recordLength, trimAtLength, batch };
  }

  /** Records as this run knows them: of the last commit taken, or of the one under way. Any other history is not ours. */
  async function recordsOf(run: PartitionRun, userKeys: readonly string[]): Promise<readonly (string | null)[]> {
    const before = run.settledCommitId;
    const { commitId, records } = await store.loadRecords(run.partition, userKeys);
    if (commitId === before || commitId === run.settledCommitId || commitId === run.commitId) return records;
    throw new TributaryError('conflict', `partition ${run.partition} stands at the commit "${commitId}" of another writer`);
  }

  return {
    async load(run, batch, number) {
      const missing = new Set<string>();
      for (const { userKey } of batch.arrivals) if (run.users.get(userKey, number) === undefined) missing.add(userKey);
      if (missing.size > 0) {
        const userKeys = [...missing];
        const records = await recordsOf(run, userKeys);
        userKeys.forEach((userKey, i) => {
          run.users.set(userKey, cachedUser(records[i] ?? null, run, number));
        });
      }
      return batch.arrivals.map(({ userKey }) => run.users.get(userKey, number) as CachedUser);
    },

    async withTrims(run, { commit, toTrim, rules }) {
      if (toTrim.length === 0) return commit;
      const records = await recordsOf(run, toTrim);
      const appends = new Map(commit.appends);
      const rewrites = new Map<string, string>();
      toTrim.forEach((userKey, i) => {
        const trimmed = trimRecord(`${records[i] ?? ''}${appends.get(userKey) ?? ''}`, commit.next.logTimeMs, rules);
        const user = run.users.peek(userKey);
        if (user !== undefined) {
          user.recordLength = trimmed.length;
          user.trimAtLength = Math.max(trimLength, trimmed.length * 2);
        }
        appends.delete(userKey);
        rewrites.set(userKey, trimmed);
      });
      return { ...commit, appends, rewrites };
    },
  };
}
