/**
 * Users' states between batches, so that the common event needs no read. Bounded by the number of events held, and by the bytes of those that are held
 * as lines, where keys are joined; least recently used first. Users of a batch that is not committed yet are never evicted: their record would be stale.
 */
import type { KeyState } from '@tributary/model/identity/adoption';
import type { SaidLinks } from '@tributary/model/identity/said-once';
import { createPackedTimelines, type HeldTimeline, heldTimeline, type PackedTimelines } from '@tributary/views/packed-timelines';
import type { UserState } from '@tributary/views/user-state';
import { type Work, workOfUser } from '@tributary/views/work';

/** Where the timeline lies, and what the user may still cost in the batch that is applied: one object, as there are many users. */
export interface CachedUser extends HeldTimeline, Work {
  /** Length of the stored record in UTF-16 units, about its bytes. */
  recordLength: number;
  /** The record is trimmed once it is longer than this. */
  trimAtLength: number;
  /** The batch that last touched the user. */
  batch: number;
  /** What the user counted for when it was last weighed: itself and its events; 0 before. */
  weight: number;
  /** Whether the user waits to be weighed. */
  isTouched: boolean;
  /** The user was erased: what comes of them is refused. */
  isErased: boolean;
  /** What the key holds, where keys of one person are joined. */
  key: KeyState | undefined;
  /** What need not be said to other keys again, where keys are joined. */
  said: SaidLinks | undefined;
  /** In which partitions the keys are that the user named in links. */
  named: Set<number> | undefined;
}

/** Named one by one: an object that is put together of others has a second one for the rest of its fields. */
function newUser(
  held: PackedTimelines,
  recordLength: number,
  trimAtLength: number,
  batch: number,
  key: KeyState | undefined,
): CachedUser {
  const { timelines, long, block, length, pruneAtLength, cutTs } = heldTimeline(held);
  const { left, within } = workOfUser();
  return {
    timelines,
    long,
    block,
    length,
    pruneAtLength,
    cutTs,
    left,
    within,
    recordLength,
    trimAtLength,
    batch,
    weight: 0,
    isTouched: false,
    isErased: false,
    key,
    said: undefined,
    named: undefined,
  };
}

export interface UserCache {
  /** For the batch, which holds the user in the cache until it is committed. */
  get(userKey: string, batch: number): CachedUser | undefined;
  peek(userKey: string): CachedUser | undefined;
  /** A user that no batch has been applied to yet. */
  add(userKey: string, state: UserState, recordLength: number, trimAtLength: number, batch: number, key?: KeyState): CachedUser;
  /** Evicts users last touched in batches up to `batch`, oldest first, once the bound is passed. */
  evict(batch: number): void;
}

/** Bytes of lines that weigh as much as an event does. */
const BYTES_OF_AN_EVENT = 256;

/** What an eviction leaves of the bound, so that evictions are rare. */
const KEEP = 0.8;

export function createUserCache(maxEvents: number): UserCache {
  const users = new Map<string, CachedUser>();
  const timelines = createPackedTimelines();
  /** Events held, but for what was touched since it was last weighed. */
  let held = 0;
  /** Each once; users are evicted only when they are not in here. */
  let touched: CachedUser[] = [];

  /** What the batches up to `batch` made of the users that they touched. */
  function weigh(batch: number): void {
    const later: CachedUser[] = [];
    for (const user of touched) {
      if (user.batch > batch) later.push(user);
      else {
        const weight = 1 + user.length + (user.said?.size ?? 0) + weightOfKey(user);
        held += weight - user.weight;
        user.weight = weight;
        user.isTouched = false;
      }
    }
    touched = later;
  }

  function touch(user: CachedUser): void {
    if (!user.isTouched) touched.push(user);
    user.isTouched = true;
  }

  return {
    get(userKey, batch) {
      const user = users.get(userKey);
      if (user !== undefined && user.batch < batch) {
        user.batch = batch;
        touch(user);
      }
      return user;
    },
    peek: (userKey) => users.get(userKey),
    // biome-ignore lint/complexity/useMaxParams: called for each user that is loaded: an object would be allocated each time
    add(userKey, state, recordLength, trimAtLength, batch, key) {
      const user = newUser(timelines, recordLength, trimAtLength, batch, key);
      timelines.close(user, state);
      users.set(userKey, user);
      touch(user);
      return user;
    },
    evict(batch) {
      weigh(batch);
      if (held > maxEvents) evictOldest(batch);
      if (timelines.isWasteful()) timelines.compact(users.values());
    },
  };

  function evictOldest(batch: number): void {
    const oldestFirst = [...users].sort(([, a], [, b]) => a.batch - b.batch);
    for (const [userKey, user] of oldestFirst) {
      if (held <= maxEvents * KEEP || user.batch > batch) break;
      held -= user.weight;
      timelines.release(user);
      users.delete(userKey);
    }
  }
}

/** A joined key holds its events as lines. */
function weightOfKey({ key }: CachedUser): number {
  return key === undefined ? 0 : key.held.count + Math.floor(key.held.bytes.length / BYTES_OF_AN_EVENT);
}
