/** Records of which there are copies: sizes are asked for, and only what differs is read. */
import { fromStore } from '@tributary/serving/from-store';
import type { CopiesOfRecords } from '@tributary/serving/users/find-conversion';
import type { OnRecords, RecordOwner, ServingStore } from '@tributary/store/serving-store';

type Records = (Buffer | null)[];

interface Sizes {
  readonly store: Pick<ServingStore, 'recordSizes'>;
  /** Up to as many bytes, to read the records takes no longer than to ask how long they are. */
  readonly fewBytes: number;
  /** What else of these records is asked for with the sizes. */
  readonly noting: (owners: readonly RecordOwner[]) => OnRecords;
}

/** `readAll`: what reads those that differ. */
export async function readWithCopies(
  sizes: Sizes,
  owners: readonly RecordOwner[],
  copies: CopiesOfRecords | undefined,
  readAll: (owners: readonly RecordOwner[]) => Promise<Records>,
): Promise<Records> {
  const same = copies && (await sameAsCopies(sizes, owners, copies));
  if (same === undefined) return readAll(owners);
  const others = [...same.keys()].filter((i) => same[i] === undefined);
  const read = others.length === 0 ? [] : await readAll(others.map((i) => owners[i] as RecordOwner));
  for (const [at, i] of others.entries()) same[i] = read[at] ?? null;
  return same as Records;
}

/** For each record its copy where that is the same, null where there is none, undefined where it is to be read. Undefined altogether: all are. */
async function sameAsCopies(
  { store, fewBytes, noting }: Sizes,
  owners: readonly RecordOwner[],
  copies: CopiesOfRecords,
): Promise<(Buffer | null | undefined)[] | undefined> {
  if (store.recordSizes === undefined || !haveMore(owners, copies, fewBytes)) return undefined;
  const sizes = await fromStore(store.recordSizes(owners, noting(owners)));
  return sizes.map((size, i) => (size.bytes === 0 ? null : copies.find(owners[i] as RecordOwner, size)));
}

function haveMore(owners: readonly RecordOwner[], copies: CopiesOfRecords, mostBytes: number): boolean {
  let bytes = 0;
  for (const owner of owners) if ((bytes += copies.bytesOf(owner)) > mostBytes) return true;
  return false;
}
