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
  /** For the batch, which holds the user in the cache until it is committed. */
  get(userKey: string, batch: number): CachedUser | undefined;
  peek(userKey: string): CachedUser | undefined;
  set(userKey: string, user: CachedUser): void;
  /** Evicts users last touched in batches up to `batch`, oldest first, once the bound is passed. */
  evict(batch: number): void;
}

/** What an eviction leaves of the bound, so that evictions are rare. */
const KEEP = 0.8;

export function createUserCache(maxEvents: number): UserCache {
  const users = new Map<string, CachedUser>();
  /** Events held, by what was touched since it was last counted: never less than the truth. */
  let held = 0;
  return {
    get(userKey, batch) {
      const user = users.get(userKey);
      if (user !== undefined && user.batch < batch) {
        user.batch = batch;
        held++;
      }
      return user;
    },
    peek: (userKey) => users.get(userKey),
    set(userKey, user) {
      users.set(userKey, user);
      held += weightOf(user);
    },
    evict(batch) {
      if (held <= maxEvents) return;
      const oldestFirst = [...users].sort(([, a], [, b]) => a.batch - b.batch);
      held = oldestFirst.reduce((sum, [, user]) => sum + weightOf(user), 0);
      for (const [userKey, user] of oldestFirst) {
        if (held <= maxEvents * KEEP || user.batch > batch) break;
        held -= weightOf(user);
        users.delete(userKey);
      }
    },
  };
}

function weightOf(user: CachedUser): number {
  return 1 + user.state.events.length;
}
