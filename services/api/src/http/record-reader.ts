/**
 * Users' records within bounds: a user named twice is read once, what a request reads is bounded before it is read, and so is
 * what all requests hold together. Redis builds each answer in its own memory, so large requests are read in parts.
 */

import { TributaryError } from '@tributary/model/errors';
import { createFairShare } from '@tributary/runtime/http/fair-share';
import { fromStore } from '@tributary/serving/from-store';
import type { RecordReader } from '@tributary/serving/users/find-conversion';
import { type RecordOwner, type ServingStore, SHORT_ANSWER_BYTES } from '@tributary/store/serving-store';
import { countingRecord } from '@tributary/views/identity/keyed-record';
import { createSerialLimit } from './serial-limit.ts';

export interface RecordLimits {
  /** Records of one request. A single record has at most 32 MiB. */
  readonly requestBytes: number;
  /** Records of all requests at a time. */
  readonly inFlightBytes: number;
  /** One answer of the store; a record that is larger is read alone. */
  readonly partBytes: number;
}

const MIB = 1024 * 1024;
export const RECORD_LIMITS: RecordLimits = { requestBytes: 64 * MIB, inFlightBytes: 512 * MIB, partBytes: MIB };

/** The first answer is asked for without knowing sizes: nearly all records are smaller, and then it is the only one. */
const FIRST_BYTES = MIB;
const FIRST_BYTES_OF_USER = 64 * 1024;
/** Lines that may be appended between the answer that has a record's size and the one that brings it. */
const GROWTH_BYTES = SHORT_ANSWER_BYTES - RECORD_LIMITS.partBytes;
/** Requests for large records that wait while one is under way; a key has one of all these. */
const MOST_LARGE_WAITING = 2;
const MOST_ROUNDS = 1_000;

/** `joinedMs`: how far back links reach by the definitions of a partition; null: keys are not joined. */
export function createRecordReader(
  store: Pick<ServingStore, 'records'>,
  joinedMs: (partition: number) => number | null,
  limits: RecordLimits = RECORD_LIMITS,
): RecordReader {
  const inFlight = createFairShare(limits.inFlightBytes);
  const largeOnes = createSerialLimit(MOST_LARGE_WAITING);

  return {
    async read(asker, users, use) {
      const owners = eachOnce(users);
      let claimedBytes = 0;
      /** In all, not more. */
      const claim = (bytes: number) => {
        inFlight.give(asker, claimedBytes);
        claimedBytes = 0;
        if (!inFlight.fits(asker, bytes))
          throw new TributaryError(
            'overloaded',
            `${inFlight.heldBy(asker)} bytes of users' records are being read for this key already, and ${inFlight.held} for all keys`,
          );
        inFlight.take(asker, bytes);
        claimedBytes = bytes;
      };
      try {
        const firstBytes = Math.min(FIRST_BYTES, owners.length * FIRST_BYTES_OF_USER);
        claim(firstBytes);
        const records = await fromStore(store.records(owners, firstBytes));
        if (records.some(isMissing)) {
          demandBound(owners, records);
          claim(records.filter(isMissing).reduce((sum, bytes) => sum + bytes, firstBytes));
          await readMissing(owners, records, limits.partBytes);
          if (records.some(isMissing)) await largeOnes.run(asker, () => readMissing(owners, records, Number.POSITIVE_INFINITY));
        }
        const stored = records as (Buffer | null)[];
        const counting = owners.map((owner, i) => countingOf(owner, stored[i] ?? null));
        if (owners.length === users.length) return await use(counting, stored);
        const places = new Map(owners.map(({ userKey }, i) => [userKey, i]));
        const ofUsers = (read: readonly (Buffer | null)[]) => users.map(({ userKey }) => read[places.get(userKey) ?? -1] ?? null);
        return await use(ofUsers(counting), ofUsers(stored));
      } finally {
        inFlight.give(asker, claimedBytes);
      }
    },
  };

  function countingOf({ partition, userKey }: RecordOwner, record: Buffer | null): Buffer | null {
    const windowMs = joinedMs(partition);
    return windowMs === null || record === null ? record : countingRecord(userKey, record, windowMs);
  }

  function demandBound(owners: readonly RecordOwner[], records: readonly (Buffer | null | number)[]): void {
    const total = records.reduce<number>((sum, record) => sum + sizeOf(record), 0);
    if (total > limits.requestBytes)
      throw new TributaryError(
        'too_much_asked',
        `the records of the ${owners.length} users must sum to at most ${limits.requestBytes} bytes (got ${total})`,
      );
  }

  /** Puts records of up to `most` bytes in place of their sizes, some at a time. */
  async function readMissing(owners: readonly RecordOwner[], records: (Buffer | null | number)[], most: number): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const asked: number[] = [];
      let bytes = 0;
      for (const [i, record] of records.entries()) {
        if (!isMissing(record) || record > most || (asked.length > 0 && bytes + record > limits.partBytes)) continue;
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

/** In order; as they are where no user is named twice. */
function eachOnce(users: readonly RecordOwner[]): readonly RecordOwner[] {
  if (users.length === 1) return users;
  const keys = new Set<string>();
  for (const { userKey } of users) keys.add(userKey);
  return keys.size === users.length ? users : [...new Map(users.map((user) => [user.userKey, user])).values()];
}

function isMissing(record: Buffer | null | number): record is number {
  return typeof record === 'number';
}

function sizeOf(record: Buffer | null | number): number {
  return typeof record === 'number' ? record : (record?.length ?? 0);
}
