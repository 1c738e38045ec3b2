/**
 * Users' records within bounds: a user named twice is read once, what a request reads is bounded before it is read, and so is
 * what all requests hold together. Redis builds each answer in its own memory, so large requests are read in parts.
 */
import type { RecordOwner, ServingStore } from '@tributary/kv/serving-port';
import { TributaryError } from '@tributary/model/errors';
import { fromStore } from './from-store.ts';

export interface RecordReader {
  /**
   * `use` gets the records in the order of the users; they are not held beyond it.
   * Rejects with `too_much_asked`, `overloaded`, `store_unavailable`.
   */
  read<T>(users: readonly RecordOwner[], use: (records: readonly (Buffer | null)[]) => T): Promise<T>;
}

export interface RecordLimits {
  /** Records of one request. A single record has 32 MiB at the most. */
  readonly requestBytes: number;
  /** Records of all requests at a time. */
  readonly inFlightBytes: number;
  /** One answer of the store. */
  readonly partBytes: number;
}

const MIB = 1024 * 1024;
export const RECORD_LIMITS: RecordLimits = { requestBytes: 64 * MIB, inFlightBytes: 512 * MIB, partBytes: 8 * MIB };

/** The first answer is asked for without knowing sizes: nearly all records are smaller, and then it is the only one. */
const FIRST_BYTES = MIB;
const FIRST_BYTES_OF_USER = 64 * 1024;
/** Lines that may be appended between the answer that tells a record's size and the one that brings it. */
const GROWTH_BYTES = 256 * 1024;
const MOST_ROUNDS = 1_000;

export function createRecordReader(store: Pick<ServingStore, 'records'>, limits: RecordLimits = RECORD_LIMITS): RecordReader {
  let inFlightBytes = 0;

  return {
    async read(users, use) {
      const owners = [...new Map(users.map((user) => [user.userKey, user])).values()];
      let claimedBytes = 0;
      const claim = (bytes: number) => {
        if (inFlightBytes + bytes > limits.inFlightBytes)
          throw new TributaryError('overloaded', `${inFlightBytes} bytes of users' records are being read already`);
        inFlightBytes += bytes;
        claimedBytes += bytes;
      };
      try {
        const firstBytes = Math.min(FIRST_BYTES, owners.length * FIRST_BYTES_OF_USER);
        claim(firstBytes);
        const records = await fromStore(store.records(owners, firstBytes));
        const missing = records.filter((record) => typeof record === 'number');
        if (missing.length > 0) {
          demandBound(owners, records);
          claim(missing.reduce((sum, bytes) => sum + bytes, 0));
          await readMissing(owners, records);
        }
        const byUser = new Map(owners.map(({ userKey }, i) => [userKey, records[i] as Buffer | null]));
        return use(users.map(({ userKey }) => byUser.get(userKey) ?? null));
      } finally {
        inFlightBytes -= claimedBytes;
      }
    },
  };

  function demandBound(owners: readonly RecordOwner[], records: readonly (Buffer | null | number)[]): void {
    const total = records.reduce<number>((sum, record) => sum + sizeOf(record), 0);
    if (total > limits.requestBytes)
      throw new TributaryError(
        'too_much_asked',
        `the records of the ${owners.length} users must sum to ${limits.requestBytes} bytes at the most (got ${total})`,
      );
  }

  /** Puts records in place of the sizes, some at a time. */
  async function readMissing(owners: readonly RecordOwner[], records: (Buffer | null | number)[]): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const asked: number[] = [];
      let bytes = 0;
      for (const [i, record] of records.entries()) {
        if (typeof record !== 'number' || (asked.length > 0 && bytes + record > limits.partBytes)) continue;
        asked.push(i);
        bytes += record;
      }
      if (asked.length === 0) return;
      const read = await fromStore(
        store.records(
          asked.map((i) => owners[i] as RecordOwner),
          bytes + GROWTH_BYTES,
        ),
      );
      for (const [at, i] of asked.entries()) records[i] = read[at] ?? null;
    }
    throw new TributaryError('store_unavailable', `records grew faster than they were read, ${MOST_ROUNDS} times`);
  }
}

function sizeOf(record: Buffer | null | number): number {
  return typeof record === 'number' ? record : (record?.length ?? 0);
}
