/** Upper bounds on the lengths of the records of a partition's users: 2^18 counts (2 MB), each of all users whose keys have one digest. */
import { murmur2 } from '@tributary/model/user-key';

export interface RecordLengths {
  /** UTF-16 units that the user's record may have now: never fewer than it has. */
  of(userKey: string): number;
  /** Adds that many; returns how many there may be then. */
  add(userKey: string, units: number): number;
}

const BUCKETS = 2 ** 18;

/** `partitions`: of the log. Users of one partition share what remains of their digests by that. */
export function createRecordLengths(partitions: number): RecordLengths {
  const lengths = new Float64Array(BUCKETS);
  const bucketOf = (userKey: string) => Math.floor((murmur2(userKey) & 0x7fffffff) / partitions) % BUCKETS;
  return {
    of: (userKey) => lengths[bucketOf(userKey)] as number,
    add(userKey, units) {
      const bucket = bucketOf(userKey);
      lengths[bucket] = (lengths[bucket] as number) + units;
      return lengths[bucket] as number;
    },
  };
}
