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
  /** The user has no record: no event is something to any segment yet, and nothing is due. What is known already stays. */
  noteNew(userKey: string): void;
  set(userKey: string, user: UserMarks): void;
  /** Down to the bound. */
  evict(): void;
}

/** `segments`: how many there are. */
export function createMarkCache(maxMarks: number, segments: number): MarkCache {
  /** In order of their last use; null: a new user. */
  const users = new Map<string, { readonly user: UserMarks | null; readonly weight: number }>();
  let held = 0;

  function drop(userKey: string): void {
    held -= users.get(userKey)?.weight ?? 0;
    users.delete(userKey);
  }

  return {
    get(userKey) {
      const known = users.get(userKey)?.user;
      // Most users never have such an event: lists for each are made when one comes.
      return known === null ? newUser(segments) : known;
    },
    noteNew(userKey) {
      if (users.has(userKey)) return;
      held += NEW.weight;
      users.set(userKey, NEW);
    },
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

const NEW = { user: null, weight: 1 };

function newUser(segments: number): UserMarks {
  return { marks: Array.from({ length: segments }, () => []), dueMs: Number.POSITIVE_INFINITY };
}
