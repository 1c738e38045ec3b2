/**
 * Users of whom nothing is under way, as rows of numbers; what only some of them have lies in bytes (resting-bytes.ts). There are hundreds of thousands of
 * users and some hundred of them in a batch: as objects the garbage collector followed all of them, and the events of all users waited for it.
 *
 * A user has a slot for as long as the cache holds them. They are awake, an object, while a batch concerns them, and rest once it is committed. Some stay
 * awake: those with a long timeline until it is put away, and those of whom more is known than has a form here. The events of either may be shelved.
 */
import { bytesOfText, byteTape, readNumber, readText, writeNumber, writeText } from '@tributary/model/identity/byte-tape';
import { type HeldTimeline, heldTimeline, type PackedTimelines } from '@tributary/views/packed-timelines';
import { type CachedUser, newUser } from './cached-user.ts';
import { createRestingBytes } from './resting-bytes.ts';
import { createUserNotes } from './user-notes.ts';

export interface RestingUsers {
  /** A slot that no other user has. */
  take(): number;
  /** False: the user has to stay awake. */
  rest(user: CachedUser): boolean;
  /** Holds the ids of the events as bytes: it takes time to make texts of them again. `timeline`: of the user in the slot. */
  shelve(slot: number, timeline: HeldTimeline): void;
  /** The other way, of a user who is awake. */
  unshelve(user: CachedUser): void;
  /** The user as an object. */
  wake(slot: number, userKey: string): CachedUser;
  /** The user of the slot is not held any more. */
  leave(slot: number): void;
  batchOf(slot: number): number;
  weightOf(slot: number): number;
  /** Where the timeline of a user lies who rests; to be given back to `lay` where it moves. */
  timelineOf(slot: number): HeldTimeline;
  lay(slot: number, timeline: HeldTimeline): void;
  /** Bytes that are reserved for what some of them have. */
  reserved(): number;
}

// The places of a row.
const BLOCK = 0;
const LENGTH = 1;
const PRUNE_AT = 2;
const CUT_TS = 3;
const RECORD_LENGTH = 4;
const TRIM_AT = 5;
const BATCH = 6;
const WEIGHT = 7;
const IS_ERASED = 8;
const NOTES = 9;
const IDS = 10;
const PLACES = 11;

/** In place of where bytes lie. */
const NOWHERE = -1;
/** Bytes of the ids of one user, as they are reserved: three for each letter. */
const MOST_IDS = 60 * 1024;
const BYTES_OF_NUMBERS = 8;

const IDS_TAPE = byteTape(new Uint8Array(MOST_IDS));
const NOTHING = { key: undefined, said: undefined, named: undefined };

export function createRestingUsers(timelines: PackedTimelines): RestingUsers {
  let rows = new Float64Array(64 * PLACES);
  let slots = 0;
  const free: number[] = [];
  const notes = createUserNotes();
  const notesOf = createRestingBytes();
  const idsOf = createRestingBytes();

  const get = (slot: number, place: number) => rows[slot * PLACES + place] as number;
  const set = (slot: number, place: number, value: number) => {
    rows[slot * PLACES + place] = value;
  };

  function leaveBytes(slot: number): void {
    const [ofNotes, ofIds] = [get(slot, NOTES), get(slot, IDS)];
    if (ofNotes !== NOWHERE) notesOf.leave(ofNotes);
    if (ofIds !== NOWHERE) idsOf.leave(ofIds);
    set(slot, NOTES, NOWHERE);
    set(slot, IDS, NOWHERE);
  }

  function timelineOf(slot: number): HeldTimeline {
    const timeline = heldTimeline(timelines);
    timeline.block = get(slot, BLOCK) | 0;
    timeline.length = get(slot, LENGTH) | 0;
    return timeline;
  }

  /** Gives the events their ids again, where these are bytes. */
  function takeIds(slot: number, timeline: HeldTimeline): void {
    const place = get(slot, IDS);
    if (place === NOWHERE) return;
    const tape = byteTape(idsOf.at(place));
    timelines.giveIds(
      timeline,
      Array.from({ length: readNumber(tape) }, () => readText(tape)),
    );
    idsOf.leave(place);
    set(slot, IDS, NOWHERE);
  }

  function take(): number {
    const slot = free.pop() ?? slots++;
    if (slots * PLACES > rows.length) {
      const more = new Float64Array(Math.ceil(slots * 1.5) * PLACES);
      more.set(rows);
      rows = more;
    }
    set(slot, NOTES, NOWHERE);
    set(slot, IDS, NOWHERE);
    return slot;
  }

  return {
    take,
    rest(user) {
      const { slot } = user;
      const bytes = user.long === undefined ? notes.write(user) : null;
      if (bytes === null) return false;
      set(slot, BLOCK, user.block);
      set(slot, LENGTH, user.length);
      set(slot, PRUNE_AT, user.pruneAtLength);
      set(slot, CUT_TS, user.cutTs);
      set(slot, RECORD_LENGTH, user.recordLength);
      set(slot, TRIM_AT, user.trimAtLength);
      set(slot, BATCH, user.batch);
      set(slot, WEIGHT, user.weight);
      set(slot, IS_ERASED, user.isErased ? 1 : 0);
      if (bytes !== undefined) {
        set(slot, NOTES, notesOf.hold(slot, bytes));
        notesOf.tidy((moved, place) => set(moved, NOTES, place));
      }
      return true;
    },
    shelve(slot, timeline) {
      if (timeline.long !== undefined || timeline.length === 0 || get(slot, IDS) !== NOWHERE) return;
      const ids = timelines.takeIds(timeline);
      if (ids.reduce((sum, id) => sum + bytesOfText(id), BYTES_OF_NUMBERS) > MOST_IDS) return timelines.giveIds(timeline, ids);
      IDS_TAPE.at = 0;
      writeNumber(IDS_TAPE, ids.length);
      for (const id of ids) writeText(IDS_TAPE, id);
      set(slot, IDS, idsOf.hold(slot, IDS_TAPE.bytes.subarray(0, IDS_TAPE.at)));
      idsOf.tidy((moved, place) => set(moved, IDS, place));
    },
    unshelve(user) {
      takeIds(user.slot, user);
      timelines.takeOut(user);
    },
    wake(slot, userKey) {
      const ofNotes = get(slot, NOTES);
      const { key, said, named } = ofNotes === NOWHERE ? NOTHING : notes.read(notesOf.at(ofNotes), userKey);
      takeIds(slot, timelineOf(slot));
      leaveBytes(slot);
      const user = newUser(timelines, slot, get(slot, RECORD_LENGTH), get(slot, TRIM_AT), get(slot, BATCH), key);
      user.block = get(slot, BLOCK) | 0;
      user.length = get(slot, LENGTH) | 0;
      user.pruneAtLength = get(slot, PRUNE_AT) | 0;
      user.cutTs = get(slot, CUT_TS);
      user.weight = get(slot, WEIGHT) | 0;
      user.isErased = get(slot, IS_ERASED) === 1;
      user.said = said;
      user.named = named;
      timelines.takeOut(user);
      return user;
    },
    leave(slot) {
      leaveBytes(slot);
      free.push(slot);
    },
    batchOf: (slot) => get(slot, BATCH),
    weightOf: (slot) => get(slot, WEIGHT),
    timelineOf,
    lay: (slot, { block }) => set(slot, BLOCK, block),
    reserved: () => notesOf.reserved() + idsOf.reserved(),
  };
}
