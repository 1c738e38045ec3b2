/** Signals on their way out: slices of the records' bytes put between brackets. Nothing is parsed or encoded again. */

import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS } from '@tributary/model/time';
import { cutOfRecord } from '@tributary/serving/users/user-timeline';
import { type PlacedSignals, placeNewest, type SignalPlaces, type SignalSelection } from '@tributary/store/records/signals';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { BodyPool } from './body-pool.ts';

const NONE_PLACED = { first: 0, count: 0, oldestTs: undefined, hasMarks: false };

/** Where the signals of each user lie stands in places that those of one answer share. */
export interface PlacedUser extends PlacedSignals {
  readonly userId: string;
  /** null: no event of this user is stored. */
  readonly record: Buffer | null;
}

export function placeSignals(
  userId: string,
  record: Buffer | null,
  selection: SignalSelection,
  places: SignalPlaces,
): PlacedUser {
  return { userId, record, ...(record === null ? NONE_PLACED : placeNewest(record, selection, places)) };
}

/**
 * Up to when signals may be missing among those selected, epoch ms; null: none are that they reach to. `cutOfAll`: up to when any record
 * of the partitions that it comes from may lack some (`cutsOfKeys`).
 */
export function lostAmong(
  { record, count, oldestTs, hasMarks }: Omit<PlacedUser, 'userId' | 'first'>,
  { limit, fromMs = 0 }: Pick<SignalSelection, 'limit' | 'fromMs'>,
  cutOfAll: number,
): number | null {
  if (!hasMarks && cutOfAll === NEVER_CUT) return null;
  const cutTs = Math.max(cutOfAll, hasMarks ? cutOfRecord(record) : NEVER_CUT);
  const reachesTo = count < limit ? fromMs : (oldestTs ?? fromMs);
  return reachesTo <= cutTs ? cutTs : null;
}

export function signalsPromisedMs({ signalRetention }: Definitions): number {
  return signalRetention.days * DAY_MS;
}

/** The types to serve: those asked for, as far as the definitions call them signals; undefined: all. */
export function servedNames(asked: readonly string[] | undefined, definitions: Definitions): ReadonlySet<string> | undefined {
  const { signals } = definitions;
  if (signals === '*') return asked === undefined ? undefined : new Set(asked);
  return new Set(asked === undefined ? signals : asked.filter((name) => signals.includes(name)));
}

/** A note on types that the definitions do not serve: users may have events of them, and the answer has none. */
export function unservedNotes(asked: readonly string[], definitions: Definitions): string[] {
  const { signals } = definitions;
  const unserved = signals === '*' ? [] : asked.filter((name) => !signals.includes(name));
  if (unserved.length === 0) return [];
  const more = unserved.length > NAMED ? ` and ${unserved.length - NAMED} more` : '';
  const named = unserved.slice(0, NAMED).map((name) => JSON.stringify(name));
  return [`the definitions do not serve ${named.join(', ')}${more} as signals: "signals" there lists the types that are`];
}

/** Types that such a note names. */
const NAMED = 3;

const COMMA = 0x2c;
/** Signals may have 32 KB each. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** `{"userId":…,"status":…,"signals":[` */
function openUserObject({ userId, record }: Pick<PlacedUser, 'userId' | 'record'>): string {
  return `{"userId":${JSON.stringify(userId)},"status":"${record === null ? 'NOT_FOUND' : 'PRESENT'}","signals":[`;
}

export interface QueriedUser extends PlacedUser {
  /** The limit left out older signals. */
  readonly hasMore: boolean;
}

/** The first `limit` of signals that were selected with a limit of one more. */
export function cutTo(limit: number, user: PlacedUser): QueriedUser {
  const hasMore = user.count > limit;
  return { ...user, count: hasMore ? limit : user.count, hasMore };
}

/** What ends the object of a user in the answer to a query. */
function closeQueried({ hasMore }: QueriedUser): string {
  return `],"hasMore":${hasMore}}`;
}

export interface Queried {
  readonly users: readonly QueriedUser[];
  /** Where the signals of all of them lie. */
  readonly places: SignalPlaces;
}

export interface QueryBody {
  readonly body: Buffer;
  /** Once the body was sent; it changes afterwards. */
  release(): void;
}

/**
 * One buffer for `{"results":[…],"meta":…}`: sized first, then filled, so that no byte is copied twice. `demandRoom` throws where
 * this many bytes may not be taken.
 */
export function queryBody(
  { users, places }: Queried,
  meta: string,
  pool: BodyPool,
  demandRoom: (bytes: number) => void,
): QueryBody {
  const heads = users.map((user, u) => {
    const before = users[u - 1];
    return `${before === undefined ? '{"results":[' : `${closeQueried(before)},`}${openUserObject(user)}`;
  });
  const last = users.at(-1);
  const tail = `${last === undefined ? '{"results":[' : closeQueried(last)}],"meta":${meta}}`;
  let size = tail.length * MOST_BYTES;
  for (let u = 0; u < users.length; u++)
    size += (heads[u] as string).length * MOST_BYTES + sizeOfPlaces(users[u] as QueriedUser, places);
  if (size > MAX_ANSWER_BYTES)
    throw new TributaryError('too_much_asked', `the answer must have at most ${MAX_ANSWER_BYTES} bytes (got ${size})`);
  demandRoom(size);
  const whole = pool.take(size + roomToMove(users));
  let at = 0;
  for (let u = 0; u < users.length; u++) {
    at += whole.write(heads[u] as string, at);
    at = copyPlaces(whole, at, size, users[u] as QueriedUser, places);
  }
  at += whole.write(tail, at);
  return { body: whole.subarray(0, at), release: () => pool.give(whole) };
}

/** A UTF-16 unit becomes at most three bytes of UTF-8. */
const MOST_BYTES = 3;

/** `{"userId":…,"status":…,"signals":[…],"nextCursor":…,"meta":…}` */
export function userBody(
  user: QueriedUser,
  places: SignalPlaces,
  nextCursor: string | null,
  meta: string,
  demandRoom: (bytes: number) => void,
): Buffer {
  const head = openUserObject(user);
  const tail = `],"nextCursor":${nextCursor === null ? 'null' : `"${nextCursor}"`},"meta":${meta}}`;
  const size = (head.length + tail.length) * MOST_BYTES + sizeOfPlaces(user, places);
  demandRoom(size);
  const room = size + roomToMove([user]);
  const isSmall = room <= workbench.length;
  const body = isSmall ? workbench : Buffer.allocUnsafe(room);
  let at = copyPlaces(body, body.write(head, 0), size, user, places);
  at += body.write(tail, at);
  return isSmall ? Buffer.from(body.subarray(0, at)) : body.subarray(0, at);
}

/** Small answers are put together here and copied once. A fresh buffer with room for the whole record would cost more than the answer. */
const workbench = Buffer.allocUnsafeSlow(64 * 1024);

/** The signals and the commas between them, at most. */
function sizeOfPlaces({ first, count }: QueriedUser, { starts, ends }: SignalPlaces): number {
  let size = 0;
  for (let i = first; i < first + count; i++) size += (ends[i] as number) - (starts[i] as number) + 1;
  return size;
}

/** `behind`: where the body has room for a record. */
function copyPlaces(
  body: Buffer,
  from: number,
  behind: number,
  { record, first, count }: QueriedUser,
  { starts, ends }: SignalPlaces,
): number {
  if (record === null) return from;
  const moves = isMoved(record, count);
  if (moves) record.copy(body, behind);
  let at = from;
  for (let i = first; i < first + count; i++) {
    if (i > first) body[at++] = COMMA;
    const [start, end] = [starts[i] as number, ends[i] as number];
    if (moves) {
      body.copyWithin(at, behind + start, behind + end);
      at += end - start;
    } else at += record.copy(body, at, start, end);
  }
  return at;
}

/**
 * To move bytes within a buffer takes a sixth of what it takes to copy so few from another one. So records that are not large come behind the
 * answer as a whole first, one after the other.
 */
function isMoved(record: Buffer, signals: number): boolean {
  return record.length <= LARGEST_MOVED && signals >= FEWEST_MOVED;
}

const LARGEST_MOVED = 32 * 1024;
/** One copy of a record takes as long as a few of signals. */
const FEWEST_MOVED = 4;

function roomToMove(users: readonly QueriedUser[]): number {
  let room = 0;
  for (const { record, count } of users) if (record !== null && isMoved(record, count)) room = Math.max(room, record.length);
  return room;
}
