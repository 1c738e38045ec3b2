/**
 * Users' states between batches, so that the common event needs no read. Bounded by the number of events held, and by the bytes of those that are held
 * as lines, where keys are joined; least recently used first. Users of a batch that is not committed yet are never evicted: their record would be stale.
 * Once it is committed they rest (resting-users.ts): the object of a user is for the batches under way, and may not be held for longer.
 */
import type { KeyState } from '@tributary/model/identity/adoption';
import { createPackedTimelines, type HeldTimeline } from '@tributary/views/packed-timelines';
import type { UserState } from '@tributary/views/user-state';
import { type CachedUser, newUser } from './cached-user.ts';
import { createRestingUsers } from './resting-users.ts';
import { createShelving } from './shelving.ts';

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

/** `shelvedAfter`: evictions, so commits of the partition, without an event of a user. */
export function createUserCache(maxEvents: number, shelvedAfter = Number.POSITIVE_INFINITY): UserCache {
  /** Their slots. */
  const users = new Map<string, number>();
  const timelines = createPackedTimelines();
  const resting = createRestingUsers(timelines);
  /** By slot, of those alone who are awake. */
  const awake: (CachedUser | undefined)[] = [];
  /** Events held, but for what was touched since it was last weighed. */
  let held = 0;
  /** Each once; users are evicted only when they are not in here. */
  let touched: CachedUser[] = [];
  let evictions = 0;
  const shelving = createShelving(shelvedAfter);

  /** What the batches up to `batch` made of the users that they touched, who rest from now on. */
  function weigh(batch: number): void {
    const later: CachedUser[] = [];
    for (const user of touched) {
      if (user.batch > batch) later.push(user);
      else {
        const weight = 1 + user.length + (user.said?.size ?? 0) + weightOfKey(user);
        held += weight - user.weight;
        user.weight = weight;
        user.isTouched = false;
        rest(user);
        shelving.rests(user.slot, evictions);
      }
    }
    touched = later;
  }

  /** Some stay awake. */
  function rest(user: CachedUser): void {
    if (resting.rest(user)) awake[user.slot] = undefined;
  }

  function shelve(slot: number): void {
    const user = awake[slot];
    if (user !== undefined) {
      timelines.putAway(user);
      rest(user);
    }
    resting.shelve(slot, awake[slot] ?? resting.timelineOf(slot));
  }

  const weightOf = (slot: number) => awake[slot]?.weight ?? resting.weightOf(slot);

  function touch(user: CachedUser): void {
    if (!user.isTouched) touched.push(user);
    user.isTouched = true;
  }

  /** The user as the object that they are, who rests again with the next eviction. */
  function wake(slot: number, userKey: string): CachedUser {
    const known = awake[slot];
    if (known?.isTouched === true) return known;
    const user = known ?? resting.wake(slot, userKey);
    if (known !== undefined) resting.unshelve(known);
    shelving.leaves(slot);
    touch(user);
    awake[slot] = user;
    return user;
  }

  return {
    get(userKey, batch) {
      const slot = users.get(userKey);
      if (slot === undefined) return undefined;
      const user = wake(slot, userKey);
      if (user.batch < batch) {
        user.batch = batch;
        touch(user);
      }
      return user;
    },
    peek(userKey) {
      const slot = users.get(userKey);
      return slot === undefined ? undefined : wake(slot, userKey);
    },
    // biome-ignore lint/complexity/useMaxParams: called for each user that is loaded: an object would be allocated each time
    add(userKey, state, recordLength, trimAtLength, batch, key) {
      const user = newUser(timelines, resting.take(), recordLength, trimAtLength, batch, key);
      timelines.close(user, state);
      users.set(userKey, user.slot);
      awake[user.slot] = user;
      touch(user);
      return user;
    },
    evict(batch) {
      evictions++;
      weigh(batch);
      for (const slot of shelving.due(evictions, weightOf)) shelve(slot);
      if (held > maxEvents) evictOldest(batch);
      if (timelines.isWasteful()) timelines.compact(allTimelines());
    },
  };

  /** Each is given back where it lies then before the next one is taken. */
  function* allTimelines(): Generator<HeldTimeline> {
    for (const slot of users.values()) {
      const user = awake[slot];
      if (user !== undefined) yield user;
      else {
        const timeline = resting.timelineOf(slot);
        yield timeline;
        resting.lay(slot, timeline);
      }
    }
  }

  function evictOldest(batch: number): void {
    const lastBatch = (slot: number) => awake[slot]?.batch ?? resting.batchOf(slot);
    const oldestFirst = [...users].sort(([, a], [, b]) => lastBatch(a) - lastBatch(b));
    for (const [userKey, slot] of oldestFirst) {
      if (held <= maxEvents * KEEP || lastBatch(slot) > batch) break;
      held -= weightOf(slot);
      timelines.release(awake[slot] ?? resting.timelineOf(slot));
      awake[slot] = undefined;
      resting.leave(slot);
      shelving.leaves(slot);
      users.delete(userKey);
    }
  }
}

/** A joined key holds its events as lines. */
function weightOfKey({ key }: CachedUser): number {
  return key === undefined ? 0 : key.held.count + Math.floor(key.held.bytes.length / BYTES_OF_AN_EVENT);
}
