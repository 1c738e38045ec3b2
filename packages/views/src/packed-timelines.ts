/**
 * The timelines of many users as numbers (packed-records.ts). An event as an object costs three times as much, and the garbage collector follows
 * each; half of a worker's memory was timelines.
 *
 * `step` and views know nothing of this: a timeline is opened as the objects that they work on, and closed again (step-packed.ts). It
 * lies in a block of records, in order; one that outgrows its block moves to a larger one and leaves its own to others. A long
 * timeline stays as objects: to open it would cost more than a step. While nothing comes of its user it may be put away as records too.
 */
import { createPackedRecords, type PackedRecords } from './packed-records.ts';
import { type Joining, joiningOf } from './sessions/joining.ts';
import type { TimelineEvent } from './timeline.ts';
import { FIRST_PRUNE, NEVER_CUT, SCAN_UP_TO, type UserState } from './user-state.ts';

/** Where the timeline of one user lies. The fields are those of `UserState` where they have its names. */
export interface HeldTimeline {
  /** Which holds it: a block means nothing to another. */
  readonly timelines: PackedTimelines;
  /** The state as objects, where the timeline is long; undefined: it is packed. */
  long: UserState | undefined;
  /** The first record of the block. Its room follows from the length. */
  block: number;
  /** How many events it has, packed or long. */
  length: number;
  pruneAtLength: number;
  cutTs: number;
}

export interface PackedTimelines {
  /** What the user holds, as objects; of a long timeline the objects themselves. To be closed before the next call for the user. */
  open(user: HeldTimeline): UserState;
  /** Holds what has become of the opened state. `opened`: its events as they were, those that are still there the same objects. */
  close(user: HeldTimeline, state: UserState, opened?: readonly TimelineEvent[]): void;
  /** The newest event with this id, in the order of the timeline. The timeline must be packed. */
  find(user: HeldTimeline, id: string): TimelineEvent | undefined;
  /** Adds an event behind all others; false: it does not belong there, or the timeline would be long. The timeline must be packed. */
  append(user: HeldTimeline, event: TimelineEvent): boolean;
  /** What a visit that is to be added behind all others does to sessions; undefined: the timeline has to be opened. The timeline must be packed. */
  joining(user: HeldTimeline, visit: TimelineEvent): Joining | undefined;
  /** The ids of the events in their order, which are held elsewhere from then on. The timeline must be packed; it may move, and is good for nothing else until it has them again. */
  takeIds(user: HeldTimeline): string[];
  giveIds(user: HeldTimeline, ids: readonly string[]): void;
  /** Lays a long timeline into records, unless it is very long: nothing is asked of it before `takeOut`. */
  putAway(user: HeldTimeline): void;
  /** Makes objects again of a timeline that was put away. */
  takeOut(user: HeldTimeline): void;
  /** Leaves the user's block to others: they are not held any more. */
  release(user: HeldTimeline): void;
  /** Whether most of what is reserved is not in use, so that `compact` pays. */
  isWasteful(): boolean;
  /** Lays the timelines of these users, all that are held, one after another, and forgets the rest. */
  compact(users: Iterable<HeldTimeline>): void;
  /** How many records and entries of the table are reserved. */
  reserved(): { readonly records: number; readonly kinds: number };
}

/** Timelines up to this long are packed: as many events as are scanned for an id. */
const MOST_PACKED = SCAN_UP_TO;
/** A long timeline is packed again at this length, so that one at the bound does not go to and fro. */
const PACKED_AGAIN = MOST_PACKED / 2;
/** Longer ones are not put away: it would take longer to make objects of them again than to read their records. */
const MOST_PUT_AWAY = 512;
const ROOMS = [0, 2, 4, 6, 8, 12, 16, 24, 32, MOST_PACKED, 64, 96, 128, 192, 256, 384, MOST_PUT_AWAY] as const;
/** Which of the rooms is the smallest for a timeline of that length. */
const ROOM_FOR = Uint8Array.from({ length: MOST_PUT_AWAY + 1 }, (_, length) => ROOMS.findIndex((room) => room >= length));
/** Waste that does not count: records, or entries. */
const LITTLE = 1_024;

/** No events yet. */
export function heldTimeline(timelines: PackedTimelines): HeldTimeline {
  return { timelines, long: undefined, block: 0, length: 0, pruneAtLength: FIRST_PRUNE, cutTs: NEVER_CUT };
}

export function createPackedTimelines(): PackedTimelines {
  let records = createPackedRecords(0);
  /** Records that are part of a block, whether somebody has it or not; those of blocks that somebody has. */
  let top = 0;
  let inUse = 0;
  /** Blocks that were left, by their rooms. */
  let free: number[][] = ROOMS.map(() => []);
  /** Entries of the table when it was last built: those that were in use. */
  let kindsInUse = 0;

  function takeBlock(which: number): number {
    const room = ROOMS[which] as number;
    inUse += room;
    const left = (free[which] as number[]).pop();
    if (left !== undefined) return left;
    if (top + room > records.size()) records.grow(Math.max(top + room, Math.ceil(records.size() * 1.5), 64));
    const block = top;
    top += room;
    return block;
  }

  function leaveBlock(block: number, length: number): void {
    const which = ROOM_FOR[length] as number;
    if (which === 0) return;
    const room = ROOMS[which] as number;
    records.clear(block, block + room);
    (free[which] as number[]).push(block);
    inUse -= room;
  }

  /** Makes the block one for `length` events; the first `kept` are still in it. */
  function resize(user: HeldTimeline, length: number, kept: number): void {
    const [from, to] = [ROOM_FOR[user.length] as number, ROOM_FOR[length] as number];
    if (from !== to) {
      const block = to === 0 ? 0 : takeBlock(to);
      for (let i = 0; i < kept; i++) records.copy(user.block + i, block + i);
      leaveBlock(user.block, user.length);
      user.block = block;
    }
    user.length = length;
  }

  return {
    open: (user) => user.long ?? objectsOf(records, user),

    close(user, state, opened = []) {
      const { events, pruneAtLength, cutTs } = state;
      user.pruneAtLength = pruneAtLength;
      user.cutTs = cutTs;
      const wasLong = user.long !== undefined;
      if (events.length > (wasLong ? PACKED_AGAIN : MOST_PACKED)) {
        if (!wasLong) leaveBlock(user.block, user.length);
        user.long = state;
        user.length = events.length;
        return;
      }
      if (wasLong) user.length = 0;
      user.long = undefined;
      let same = 0;
      const most = Math.min(user.length, events.length);
      while (same < most && events[same] === opened[same]) same++;
      resize(user, events.length, same);
      for (let i = same; i < events.length; i++) records.write(user.block + i, events[i] as TimelineEvent);
    },

    find(user, id) {
      for (let record = user.block + user.length - 1; record >= user.block; record--)
        if (records.idAt(record) === id) return records.read(record);
      return undefined;
    },

    append(user, event) {
      const { length } = user;
      if (length >= MOST_PACKED) return false;
      // Within one instant rank and id say which comes first: that is for those who have objects.
      if (length > 0 && records.tsAt(user.block + length - 1) >= event.ts) return false;
      resize(user, length + 1, length);
      records.write(user.block + length, event);
      return true;
    },

    joining: (user, visit) => joiningOf(records, user.block, user.block + user.length, visit),

    takeIds({ block, length }) {
      const ids: string[] = [];
      for (let record = block; record < block + length; record++) {
        ids.push(records.idAt(record));
        records.setId(record, '');
      }
      return ids;
    },

    giveIds({ block }, ids) {
      for (const [i, id] of ids.entries()) records.setId(block + i, id);
    },

    putAway(user) {
      const events = user.long?.events ?? [];
      if (events.length === 0 || events.length > MOST_PUT_AWAY) return;
      user.block = takeBlock(ROOM_FOR[events.length] as number);
      user.length = events.length;
      for (const [i, event] of events.entries()) records.write(user.block + i, event);
      user.long = undefined;
    },

    takeOut(user) {
      if (user.long !== undefined || user.length <= MOST_PACKED) return;
      const state = objectsOf(records, user);
      leaveBlock(user.block, user.length);
      user.long = state;
    },

    release(user) {
      if (user.long === undefined) leaveBlock(user.block, user.length);
      user.long = undefined;
      user.length = 0;
    },

    isWasteful: () => top > LITTLE + 2 * inUse || records.kinds() > LITTLE + 2 * kindsInUse,

    compact(users) {
      const old = records;
      records = createPackedRecords(inUse);
      free = ROOMS.map(() => []);
      top = 0;
      inUse = 0;
      for (const user of users) {
        if (user.long !== undefined) continue;
        const block = user.length === 0 ? 0 : takeBlock(ROOM_FOR[user.length] as number);
        for (let i = 0; i < user.length; i++) records.write(block + i, old.read(user.block + i));
        user.block = block;
      }
      kindsInUse = records.kinds();
    },

    reserved: () => ({ records: records.size(), kinds: records.kinds() }),
  };
}

function objectsOf(records: PackedRecords, { block, length, pruneAtLength, cutTs }: HeldTimeline): UserState {
  const events: TimelineEvent[] = [];
  for (let record = block; record < block + length; record++) events.push(records.read(record));
  return { events, byId: undefined, pruneAtLength, cutTs };
}
