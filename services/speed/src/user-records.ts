/** The users of a batch and their records: read when they are not cached, rewritten when they grew too long. */
import type { SpeedStore } from '@tributary/kv/port';
import { TributaryError } from '@tributary/model/errors';
import { trimRecord, userFromRecord } from '@tributary/views/record';
import { cutUpTo } from '@tributary/views/user-state';
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

/** Users whose records are asked for at once. */
const READ_USERS = 256;

/** UTF-16 units. */
export interface RecordLimits {
  /** A user's record is trimmed when it passes this, and again at each doubling. */
  readonly trimRecordLength: number;
  /** A record that passes this loses its oldest events: Redis takes strings of 512 MB, and reads of seconds. */
  readonly maxRecordLength: number;
}

export function createUserRecords(store: SpeedStore, limits: RecordLimits): UserRecords {
  const { trimRecordLength: trimLength, maxRecordLength: mostLength } = limits;
  const nextTrim = (length: number) => Math.min(mostLength, Math.max(trimLength, length * 2));

  function cachedUser(record: string | null, run: PartitionRun, batch: number): CachedUser {
    const recordLength = record?.length ?? 0;
    const trimAtLength = nextTrim(recordLength);
    const state = userFromRecord(record ?? '', run.logTimeMs, run.rules, run.cutTs);
    return { state, recordLength, trimAtLength, batch };
  }

  /** Records as this run knows them: of the last commit taken, or of one that was sent or is about to be. Any other history is not ours. */
  async function recordsOf(run: PartitionRun, userKeys: readonly string[]): Promise<readonly (string | null)[]> {
    const before = run.settledCommitId;
    const { commitId, records } = await store.loadRecords(run.partition, userKeys);
    const ours = [before, run.settledCommitId, run.sentCommitId, run.commitId];
    if (ours.includes(commitId)) return records;
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
      toTrim.forEach((userKey, i) => {
        const whole = `${records[i] ?? ''}${appends.get(userKey) ?? ''}`;
        const { record, cutTs } = trimRecord(whole, commit.next.logTimeMs, rules, mostLength);
        const user = run.users.peek(userKey);
        if (user !== undefined) {
          user.recordLength = record.length;
          user.trimAtLength = nextTrim(record.length);
          // The next batch may be applied already, to more than the record holds: that much was still known.
          cutUpTo(user.state, cutTs);
        }
        appends.delete(userKey);
        rewrites.set(userKey, record);
      });
      return { ...commit, appends, rewrites };
    },
  };
}
