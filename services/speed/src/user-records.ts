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

/** Redis takes strings of 512 MB and reads of some seconds: a record that is longer loses its older half. UTF-16 units. */
const MOST_LENGTH = 32 * 1024 * 1024;

/** Users whose records are asked for at once. */
const READ_USERS = 256;

/** `trimLength`: a record is trimmed when it passes this many characters, and again at each doubling. */
export function createUserRecords(store: SpeedStore, trimLength: number, mostLength = MOST_LENGTH): UserRecords {
  const nextTrim = (length: number) => Math.min(mostLength, Math.max(trimLength, length * 2));

  function cachedUser(record: string | null, run: PartitionRun, batch: number): CachedUser {
    const recordLength = record?.length ?? 0;
    const trimAtLength = nextTrim(recordLength);
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
      const all = [...missing];
      // Few at a time: a reply of gigabytes comes too late, and parsing it would hold up the heartbeat.
      for (let at = 0; at < all.length; at += READ_USERS) {
        const userKeys = all.slice(at, at + READ_USERS);
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
      let { overflowed } = commit;
      toTrim.forEach((userKey, i) => {
        const retained = trimRecord(`${records[i] ?? ''}${appends.get(userKey) ?? ''}`, commit.next.logTimeMs, rules);
        const trimmed = newestPart(retained, mostLength);
        if (trimmed.length < retained.length) overflowed++;
        const user = run.users.peek(userKey);
        if (user !== undefined) {
          user.recordLength = trimmed.length;
          user.trimAtLength = nextTrim(trimmed.length);
        }
        appends.delete(userKey);
        rewrites.set(userKey, trimmed);
      });
      return { ...commit, appends, rewrites, overflowed };
    },
  };
}

/** Whole lines at the end of a record that has outgrown its bound: half of it, so that this happens seldom. */
function newestPart(record: string, mostLength: number): string {
  return record.length <= mostLength ? record : record.slice(record.indexOf('\n', record.length - mostLength / 2) + 1);
}
