/**
 * Users who are due next, as the last commit left them: read from the store as many at a time as one commit looks at, and kept as commits change them. The worker alone
 * changes who is due, so it need not ask before each commit, which had to wait for the answer.
 */
import type { DueUsers } from '@tributary/store/speed-store';

export interface DueAhead {
  /** All who are due up to `toMs`, and maybe others, with their instants, epoch ms. */
  readonly users: Map<string, number>;
  /** Infinity: there are no others. */
  readonly toMs: number;
}

/** Users of as many reads are kept, as commits make some due earlier than those that were read; beyond it they are read again. */
const MOST_READS = 4;

export function dueAhead({ users, nextMs }: Pick<DueUsers, 'users' | 'nextMs'>): DueAhead {
  return { users: new Map(users), toMs: nextMs === null ? Number.POSITIVE_INFINITY : nextMs - 1 };
}

/** Those who are due by then, `most` of them; and when the next one is, or may be. */
export function firstDue({ users, toMs }: DueAhead, upToMs: number, most: number): FirstDue {
  const due: (readonly [userKey: string, dueMs: number])[] = [];
  let nextMs = toMs + 1;
  for (const one of users)
    if (one[1] <= upToMs) due.push(one);
    else nextMs = Math.min(nextMs, one[1]);
  due.sort(([, a], [, b]) => a - b);
  return { users: new Map(due.slice(0, most)), nextMs: due[most]?.[1] ?? nextMs };
}

export interface FirstDue {
  readonly users: ReadonlyMap<string, number>;
  readonly nextMs: number;
}

/** With what a commit changes; undefined: they are too many to be kept. */
export function afterCommit(ahead: DueAhead, dues: ReadonlyMap<string, number | null>, most: number): DueAhead | undefined {
  const { users, toMs } = ahead;
  for (const [userKey, dueMs] of dues)
    if (dueMs === null || dueMs > toMs) users.delete(userKey);
    else users.set(userKey, dueMs);
  return users.size > MOST_READS * most ? undefined : ahead;
}
