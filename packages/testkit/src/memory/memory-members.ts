/** Members of segments as the store in memory keeps them: as commit.lua and what reads beside it. */
import { NO_SEGMENTS } from '@tributary/store/format/state';
import type { MembersPage, PageOfMembers } from '@tributary/store/serving-store';
import type { Commit, DueUsers, PartitionState } from '@tributary/store/speed-store';

export interface MembersInMemory {
  readonly of: Map<string, Set<string>>;
  readonly due: Map<string, number>;
  readonly unsure: Map<string, number>;
}

export function noMembers(): MembersInMemory {
  return { of: new Map(), due: new Map(), unsure: new Map() };
}

export function changeMembers({ of, due, unsure }: MembersInMemory, { members, next }: Commit): void {
  if (members !== undefined) {
    if (members.forgotten !== null) {
      due.clear();
      unsure.clear();
    }
    for (const version of [...(members.forgotten ?? []), ...members.strays]) of.delete(version);
    for (const [version, user] of members.enters) of.set(version, (of.get(version) ?? new Set()).add(user));
    for (const [version, user] of members.leaves) of.get(version)?.delete(user);
    for (const [user, ms] of members.due)
      if (ms === null) due.delete(user);
      else due.set(user, ms);
    for (const [user, ms] of members.unsure)
      if (ms === null) unsure.delete(user);
      else unsure.set(user, Math.max(ms, unsure.get(user) ?? ms));
  }
  for (const [user, ms] of unsure) if (ms <= next.logTimeMs) unsure.delete(user);
}

/** Whether a state without members is one that a worker left which does not follow them. */
export function wasWatched(before: PartitionState | null, { watched }: Commit['next']): Pick<PartitionState, 'wasWatched'> {
  if (watched !== undefined || before === null) return {};
  const isOver = before.watched === undefined || (before.watched.key === NO_SEGMENTS && before.watched.isWhole);
  return before.wasWatched || !isOver ? { wasWatched: true } : {};
}

export function dueOf({ due }: MembersInMemory, upToMs: number, most: number): Omit<DueUsers, 'commitId'> {
  const all = [...due].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  const users = all.slice(0, most).filter(([, dueMs]) => dueMs <= upToMs);
  const nextMs = all[users.length]?.[1] ?? null;
  return { users, isMore: nextMs !== null && nextMs <= upToMs, nextMs };
}

/** Two at a time, in the order of their keys: where some go meanwhile, the others are given all the same. */
export function scanned(users: readonly string[], { of }: Pick<MembersInMemory, 'of'>, cursor: string | null) {
  const left = users.filter((user) => cursor === null || user > cursor).sort();
  const given = left.slice(0, 2);
  const isLast = given.length === left.length;
  return { cursor: isLast ? null : (given.at(-1) as string), users: given, lists: isLast ? [...of.keys()] : [] };
}

export function membersPage(
  { of, due, unsure }: MembersInMemory,
  state: PartitionState | null,
  { version, after, limit }: PageOfMembers,
): MembersPage {
  const bytes = [...(of.get(version) ?? [])].map((user) => Buffer.from(user)).sort(Buffer.compare);
  const behind = after === null ? bytes : bytes.filter((user) => Buffer.compare(user, Buffer.from(after)) > 0);
  return {
    kept: state,
    watched: state?.watched ?? null,
    count: bytes.length,
    unsure: unsure.size,
    users: behind.slice(0, limit).map((user) => user.toString()),
    dueMs: due.size === 0 ? null : Math.min(...due.values()),
  };
}
