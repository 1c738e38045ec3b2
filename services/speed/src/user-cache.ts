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
  /** Events held, but for what was touched since it was last weighed. */
  let held = 0;
  const weighed = new Map<string, number>();
  const touched = new Set<string>();

  /** What the batches up to `batch` made of the users that they touched. */
  function weigh(batch: number): void {
    for (const userKey of touched) {
      const user = users.get(userKey);
      if (user !== undefined && user.batch > batch) continue;
      const weight = user === undefined ? 0 : weightOf(user);
      held += weight - (weighed.get(userKey) ?? 0);
      if (user === undefined) weighed.delete(userKey);
      else weighed.set(userKey, weight);
      touched.delete(userKey);
    }
  }

  return {
    get(userKey, batch) {
      const user = users.get(userKey);
      if (user !== undefined && user.batch < batch) {
        user.batch = batch;
        touched.add(userKey);
      }
      return user;
    },
    peek: (userKey) => users.get(userKey),
    set(userKey, user) {
      users.set(userKey, user);
      touched.add(userKey);
    },
    evict(batch) {
      weigh(batch);
      if (held <= maxEvents) return;
      const oldestFirst = [...users].sort(([, a], [, b]) => a.batch - b.batch);
      for (const [userKey, user] of oldestFirst) {
        if (held <= maxEvents * KEEP || user.batch > batch) break;
        held -= weighed.get(userKey) ?? 0;
        weighed.delete(userKey);
        touched.delete(userKey);
        users.delete(userKey);
      }
    },
  };
}

function weightOf(user: CachedUser): number {
  return 1 + user.state.events.length;
}
