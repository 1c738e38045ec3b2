/**
 * Users of whom nothing is under way, as rows of numbers; what only some of them have lies in bytes (resting-bytes.ts). There are hundreds of thousands of
 * users and some hundred of them in a batch: as objects the garbage collector followed all of them, and the events of all users waited for it.
 *
 * A user has a slot for as long as the cache holds them. They are awake, an object, while a batch concerns them, and rest once it is committed. Some stay
 * awake: those with a long timeline, and those of whom more is known than has a form here.
 */
import {
  bytesOfText,
  byteTape,
  type CommonOfKeys,
  fitsInBytes,
  MOST_KEY_BYTES,
  readKey,
  readNumber,
  readText,
  writeKey,
  writeNumber,
  writeText,
} from '@tributary/model/identity/key-bytes';
import { type HeldTimeline, heldTimeline, type PackedTimelines } from '@tributary/views/packed-timelines';
import { type CachedUser, newUser } from './cached-user.ts';
import { createRestingBytes } from './resting-bytes.ts';

export interface RestingUsers {
  /** A slot that no other user has. */
  take(): number;
  /** False: the user has to stay awake. */
  rest(user: CachedUser): boolean;
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
const PLACES = 10;

/** In place of where notes lie. */
const NO_NOTES = -1;
/** Bytes of notes but for the key. */
const MOST_NOTES = 4 * 1024;
const BYTES_OF_NUMBERS = 32;
/** Kinds of keys: there is one, but where definitions change. */
const MOST_KINDS = 64;
/** In place of a number of things, or of a kind: there is nothing of it. */
const NONE = -1;

const SCRATCH = byteTape(new Uint8Array(MOST_KEY_BYTES + MOST_NOTES));
const NOTHING = { key: undefined, said: undefined, named: undefined };

export function createRestingUsers(timelines: PackedTimelines): RestingUsers {
  let rows = new Float64Array(64 * PLACES);
  let slots = 0;
  const free: number[] = [];
  const notes = createRestingBytes();
  const kinds: CommonOfKeys[] = [];

  const get = (slot: number, place: number) => rows[slot * PLACES + place] as number;
  const set = (slot: number, place: number, value: number) => {
    rows[slot * PLACES + place] = value;
  };

  /** Undefined: there is nothing to note, null: it does not fit. */
  function noted({ key, said, named }: CachedUser): Uint8Array | undefined | null {
    if (key === undefined && said === undefined && named === undefined) return undefined;
    const kind = key === undefined ? NONE : kindOf(key);
    if (kind === null || (key !== undefined && !fitsInBytes(key)) || lengthOf(said, named) > MOST_NOTES) return null;
    SCRATCH.at = 0;
    writeNumber(SCRATCH, named?.size ?? NONE);
    for (const partition of named ?? []) writeNumber(SCRATCH, partition);
    writeNumber(SCRATCH, said?.size ?? NONE);
    for (const [name, receivedAt] of said ?? []) {
      writeText(SCRATCH, name);
      writeNumber(SCRATCH, receivedAt);
    }
    writeNumber(SCRATCH, kind);
    if (key !== undefined) writeKey(SCRATCH, key);
    return SCRATCH.bytes.subarray(0, SCRATCH.at);
  }

  /** null: there are too many kinds. */
  function kindOf({ links: { windowMs, mostOfDay }, digestOf }: NonNullable<CachedUser['key']>): number | null {
    const known = kinds.findIndex(
      (kind) => kind.windowMs === windowMs && kind.mostOfDay === mostOfDay && kind.digestOf === digestOf,
    );
    if (known >= 0) return known;
    return kinds.length < MOST_KINDS ? kinds.push({ windowMs, mostOfDay, digestOf }) - 1 : null;
  }

  function readNotes(place: number, userKey: string): Pick<CachedUser, 'key' | 'said' | 'named'> {
    const tape = byteTape(notes.at(place));
    const ofNamed = readNumber(tape);
    const named = ofNamed === NONE ? undefined : new Set(Array.from({ length: ofNamed }, () => readNumber(tape)));
    const ofSaid = readNumber(tape);
    const said =
      ofSaid === NONE ? undefined : new Map(Array.from({ length: ofSaid }, () => [readText(tape), readNumber(tape)] as const));
    const kind = readNumber(tape);
    const key = kind === NONE ? undefined : readKey(tape, userKey, kinds[kind] as CommonOfKeys);
    return { key, said, named };
  }

  function leaveNotes(slot: number): void {
    const place = get(slot, NOTES);
    if (place !== NO_NOTES) notes.leave(place);
    set(slot, NOTES, NO_NOTES);
  }

  function take(): number {
    const slot = free.pop() ?? slots++;
    if (slots * PLACES > rows.length) {
      const more = new Float64Array(Math.ceil(slots * 1.5) * PLACES);
      more.set(rows);
      rows = more;
    }
    set(slot, NOTES, NO_NOTES);
    return slot;
  }

  return {
    take,
    rest(user) {
      const { slot } = user;
      const bytes = user.long === undefined ? noted(user) : null;
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
        set(slot, NOTES, notes.hold(slot, bytes));
        notes.tidy((moved, place) => set(moved, NOTES, place));
      }
      return true;
    },
    wake(slot, userKey) {
      const place = get(slot, NOTES);
      const { key, said, named } = place === NO_NOTES ? NOTHING : readNotes(place, userKey);
      leaveNotes(slot);
      const user = newUser(timelines, slot, get(slot, RECORD_LENGTH), get(slot, TRIM_AT), get(slot, BATCH), key);
      user.block = get(slot, BLOCK) | 0;
      user.length = get(slot, LENGTH) | 0;
      user.pruneAtLength = get(slot, PRUNE_AT) | 0;
      user.cutTs = get(slot, CUT_TS);
      user.weight = get(slot, WEIGHT) | 0;
      user.isErased = get(slot, IS_ERASED) === 1;
      user.said = said;
      user.named = named;
      return user;
    },
    leave(slot) {
      leaveNotes(slot);
      free.push(slot);
    },
    batchOf: (slot) => get(slot, BATCH),
    weightOf: (slot) => get(slot, WEIGHT),
    timelineOf(slot) {
      const timeline = heldTimeline(timelines);
      timeline.block = get(slot, BLOCK);
      timeline.length = get(slot, LENGTH);
      return timeline;
    },
    lay: (slot, { block }) => set(slot, BLOCK, block),
    reserved: notes.reserved,
  };
}

/** Room for what was said and named. */
function lengthOf(said: CachedUser['said'], named: CachedUser['named']): number {
  let length = BYTES_OF_NUMBERS + 8 * (named?.size ?? 0);
  for (const name of said?.keys() ?? []) length += 8 + bytesOfText(name);
  return length;
}
