/**
 * The record of one user: nearly all questions of one user need a short record, of a key that is joined with no other. Read with little around it, for else that is
 * more than all that is done for its user. Whatever is not so is read as the records of many are (record-reader.ts).
 */
import { TributaryError } from '@tributary/model/errors';
import type { FairShare } from '@tributary/runtime/http/fair-share';
import type { SpeedBoard } from '@tributary/serving/freshness/speed-board';
import { fromStore, unavailable } from '@tributary/serving/from-store';
import type { BesideRecords, RecordReader, UseOfRecords } from '@tributary/serving/users/find-conversion';
import type { RecordOwner, ServingStore } from '@tributary/store/serving-store';
import { keyOf } from './asker.ts';
import { apart, type Known, notingIn } from './known-records.ts';

/** A record of some 500 events, where few users are asked for. */
export const FIRST_BYTES_OF_FEW = 256 * 1024;

const NOTHING: Known = { places: new Map(), kept: new Map() };

interface Shared {
  readonly store: Pick<ServingStore, 'records'>;
  readonly keys: Pick<SpeedBoard, 'joinedMs' | 'pollForJoined'>;
  /** What all requests read at a time. */
  readonly reading: FairShare;
  /** The store is asked whether a longer copy is the same. */
  readonly fewBytes: number;
}

/** `readMany`: for all else than the short record of one user. */
export function createOneRecordRead(
  { store, keys, reading, fewBytes }: Shared,
  readMany: RecordReader['read'],
): RecordReader['read'] {
  async function readOne<T>(
    asker: string,
    users: readonly RecordOwner[],
    use: UseOfRecords<T>,
    beside: BesideRecords,
  ): Promise<T> {
    const known = beside === 'nothing' ? NOTHING : { places: new Map(), kept: new Map() };
    demandShare(reading, asker, FIRST_BYTES_OF_FEW);
    reading.take(asker, FIRST_BYTES_OF_FEW);
    let answer: (Buffer | null | number)[] | undefined;
    try {
      answer = await store.records(users, FIRST_BYTES_OF_FEW, notingIn(known, beside)?.(users)).catch(unavailable);
      const polling = keys.pollForJoined();
      if (polling !== undefined) await fromStore(polling);
      const [record = null] = answer;
      if (keys.joinedMs() === null && typeof record !== 'number') {
        const key = apart(users[0] as RecordOwner, record, beside === 'placed' ? known : undefined);
        return await use([record], [key], known.kept);
      }
    } finally {
      reading.give(asker, FIRST_BYTES_OF_FEW);
      // As `heldAnswers` of record-reader.ts does.
      if (answer !== undefined) answer.length = 0;
    }
    return readMany(asker, users, use, beside);
  }

  return (asker, users, use, beside = 'kept', copies) => {
    const [user] = users;
    const isOne = user !== undefined && users.length === 1 && keys.joinedMs() === null;
    if (!isOne || (copies?.bytesOf(user) ?? 0) > fewBytes) return readMany(asker, users, use, beside, copies);
    return readOne(keyOf(asker), users, use, beside);
  };
}

/** Throws `overloaded`. */
export function demandShare(reading: FairShare, asker: string, bytes: number): void {
  if (reading.fits(asker, bytes)) return;
  throw new TributaryError(
    'overloaded',
    `${reading.heldBy(asker)} bytes of users' records are being read for this key already, and ${reading.held} for all keys`,
  );
}
