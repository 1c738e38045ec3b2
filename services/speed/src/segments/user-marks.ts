/**
 * What the segments of a partition are to its users, between commits. A cache of what follows from the records: what is not in here is read again.
 * Bounded by the number of marks; least recently used first.
 */
import type { Mark } from '@tributary/signals/members/marks';

export interface UserMarks {
  /** By the place of the segment in the list. */
  readonly marks: readonly Mark[][];
  /** When the store has the user as due, epoch ms; Infinity: not at all. */
  dueMs: number;
}

export interface MarkCache {
  get(userKey: string): UserMarks | undefined;
  set(userKey: string, user: UserMarks): void;
  /** Down to the bound. */
  evict(): void;
}

export function createMarkCache(maxMarks: number): MarkCache {
  /** In order of their last use. */
  const users = new Map<string, { readonly user: UserMarks; weight: number }>();
  let held = 0;

  function drop(userKey: string): void {
    held -= users.get(userKey)?.weight ?? 0;
    users.delete(userKey);
  }

  return {
    get: (userKey) => users.get(userKey)?.user,
    set(userKey, user) {
      drop(userKey);
      const weight = 1 + user.marks.reduce((sum, marks) => sum + marks.length, 0);
      held += weight;
      users.set(userKey, { user, weight });
    },
    evict() {
      for (const userKey of users.keys()) {
        if (held <= maxMarks) break;
        drop(userKey);
      }
    },
  };
}
