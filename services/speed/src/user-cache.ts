/**
 * Users' states between batches, so that the common event needs no read. Bounded by the number of events held; least
 * recently used first. Users of a batch that is not committed yet are never evicted: their record would be stale.
 */
import type { UserState } from '@tributary/views/user-state';

export interface CachedUser {
  readonly state: UserState;
  /** Length of the stored record in UTF-16 units, about its bytes. */
  recordLength: number;
  /** The record is trimmed once it is longer than this. */
  trimAtLength: number;
  /** The batch that last touched the user. */
  batch: number;
}

export interface UserCache {
  get(userKey: string, batch: number): CachedUser | undefined;
  set(userKey: string, user: CachedUser): void;
  /** Evicts users last touched in batches up to `batch` until the bound holds. */
  evict(batch: number): void;
}

export function createUserCache(maxEvents: number): UserCache {
  const users = new Map<string, CachedUser>();
  let held = 0;
  return {
    get(userKey, batch) {
      const user = users.get(userKey);
      if (user === undefined) return undefined;
      if (user.batch !== batch) {
        user.batch = batch;
        users.delete(userKey);
        users.set(userKey, user);
        // An estimate: each batch adds an event or more; the true weight is taken at eviction.
        held++;
      }
      return user;
    },
    set(userKey, user) {
      users.set(userKey, user);
      held += 1 + user.state.events.length;
    },
    evict(batch) {
      if (held <= maxEvents) return;
      held = 0;
      for (const user of users.values()) held += 1 + user.state.events.length;
      for (const [userKey, user] of users) {
        if (held <= maxEvents * 0.9 || user.batch > batch) break;
        held -= 1 + user.state.events.length;
        users.delete(userKey);
      }
    },
  };
}
