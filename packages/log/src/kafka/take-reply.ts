/** From the replies of brokers to what is held: unpacked as far as there is room, the rest is fetched again later. Pure. */
import { type Visited, visitCommitted } from './committed.ts';
import { createEntryBuilder, type EntryLimits, weightOf } from './entries.ts';
import { CODE, unavailable } from './errors.ts';
import { PARTITION_BYTES, shareOf } from './fetch-plan.ts';
import { type Held, heldBytes, type SessionState, type Wanted } from './held-entries.ts';
import type { Fetched, FetchedPartition } from './requests.ts';

/** Unpacked. What lies beyond stays packed, is dropped, and fetched again when its turn comes: few bytes may become many. */
const HELD_BYTES = 32 * 1024 * 1024;
/** Unpacked in one go: a batch that is refused costs as much as a large one, and many of them are few bytes. */
const WORK_BYTES = 64 * 1024 * 1024;

/** What a look at the brokers brought. */
export interface Taken {
  /** Messages, or offsets that hold none. */
  learned: boolean;
  /** Less came than one whole batch, although it was asked for as the first one. */
  isCut: boolean;
  readonly trouble: FetchedPartition[];
  /** Partitions whose bytes cannot be read: reported once there is nothing to give of the others. */
  readonly failures: Error[];
  /** Bytes that may still be unpacked. */
  work: number;
}

export interface Reading {
  readonly wanted: Wanted;
  readonly maxBytes: number;
  readonly topic: string;
  readonly entryLimits: EntryLimits;
}

export function nothingTaken(): Taken {
  return { learned: false, isCut: false, trouble: [], failures: [], work: WORK_BYTES };
}

/** `offsets`: those that the reply was asked for. Throws `log_unavailable`. */
export function takeReply(
  state: SessionState,
  reply: Fetched,
  offsets: ReadonlyMap<number, number>,
  reading: Reading,
  taken: Taken,
): void {
  if (reply.errorCode !== 0) throw unavailable(`a fetch was refused (error ${reply.errorCode})`);
  for (const partition of offsets.keys())
    if (!reply.partitions.some((one) => one.partition === partition))
      throw unavailable(`partition ${partition} was left out of a reply`);
  for (const fetched of reply.partitions) {
    const { partition, errorCode } = fetched;
    const start = reading.wanted.get(partition);
    if (start === undefined) continue;
    const before = state.held.get(partition) ?? { from: start, next: start, entries: [], bytes: 0 };
    if (errorCode !== 0) taken.trouble.push(fetched);
    else if (start < fetched.logStart) taken.trouble.push({ ...fetched, errorCode: CODE.offsetOutOfRange });
    else if (before.next === offsets.get(partition)) {
      const room = Math.min(roomOf(state, reading.maxBytes), shareOf(offsets.size) - before.bytes);
      takePartition(state, fetched, { before, room, reading }, taken);
    }
  }
}

/** What is held of a partition, and the bytes that there is room for. */
interface Room {
  readonly before: Held;
  readonly room: number;
  readonly reading: Reading;
}

function takePartition(state: SessionState, fetched: FetchedPartition, into: Room, taken: Taken): void {
  const { before } = into;
  const isStarved = state.starved.has(fetched.partition);
  const visited = hold(state, fetched, into, taken.work);
  if (visited === null) return;
  taken.work -= visited.work;
  if (visited.next > before.next) taken.learned = true;
  else if (visited.failure !== null) taken.failures.push(visited.failure);
  // Less than one whole batch: asked for as the first one it comes whole, or never.
  else if (isStarved) taken.isCut = true;
  else taken.learned = true;
}

/** Unpacks what there is room for, but one entry at least; null: there is nothing, or no room. */
function hold(state: SessionState, fetched: FetchedPartition, { before, room, reading }: Room, work: number): Visited | null {
  const { partition, records } = fetched;
  if (records === null || records.length === 0) return null;
  if (room <= 0 || work <= 0) {
    if (before.entries.length === 0) state.starved.add(partition);
    return null;
  }
  const builder = createEntryBuilder(reading.topic, partition, reading.entryLimits, room);
  const visited = visitCommitted(fetched, before.next, builder, work);
  state.visitedAt.set(partition, ++state.visits);
  if (visited.next > before.next) {
    state.starved.delete(partition);
    const added = builder.take();
    const entries = before.entries.concat(added);
    state.held.set(partition, { ...before, next: visited.next, entries, bytes: before.bytes + weightOf(added) });
  } else if (visited.failure === null) state.starved.add(partition);
  return visited;
}

/** What may still be unpacked. Not less than a fetch of one partition: else each message of a batch would unpack it again. */
function roomOf(state: SessionState, maxBytes: number): number {
  return Math.min(HELD_BYTES, Math.max(maxBytes, PARTITION_BYTES)) - heldBytes(state);
}
