/** What the store says of records beside their bytes: as of which commit each was read, and what the partition is known to hold. */
import type { AnsweringKey, BesideRecords } from '@tributary/serving/users/find-conversion';
import type { OnRecords, RecordOwner } from '@tributary/store/serving-store';
import type { KeptRecords } from '@tributary/views/record';

export interface Known {
  readonly places: Map<string, { readonly position: string; readonly mark: string | undefined }>;
  readonly kept: Map<number, KeptRecords | null>;
}

/** A key that answers for itself. `known`: what is said of its record. */
export function apart({ partition, userKey }: RecordOwner, record: Buffer | null, known?: Known): AnsweringKey {
  const key = { partition, userKey, stored: record, asked: record, partitions: [partition] };
  if (known === undefined) return key;
  const place = known.places.get(userKey);
  return { ...key, position: place?.position ?? null, mark: place?.mark };
}

/** Before records of these users are read. */
export type Noting = (owners: readonly RecordOwner[]) => OnRecords;

/** Only what is said of the last read stays: what was read before is not what is answered. */
export function notingIn(known: Known, beside: BesideRecords): Noting | undefined {
  if (beside === 'nothing') return undefined;
  return beside === 'kept' ? () => ({ kept: noteKept(known) }) : notingPlaces(known);
}

/** What is kept by partition, and positions by user. */
export function notingPlaces(known: Known): Noting {
  const kept = noteKept(known);
  return (owners) => {
    for (const { userKey } of owners) known.places.delete(userKey);
    return {
      position(i, position, mark) {
        const owner = owners[i];
        if (owner !== undefined) known.places.set(owner.userKey, { position, mark });
      },
      kept,
    };
  };
}

function noteKept(known: Known): OnRecords['kept'] {
  return (partition, one) => void known.kept.set(partition, one);
}
