/** What one commit says and stores of members of segments, gathered user by user. Changes what `following` knows of users, and else nothing. */
import type { WatchedSegments } from '@tributary/signals/members/watched';
import type { MemberChanges } from '@tributary/store/speed-store';
import { advanceUser } from './advance-user.ts';
import type { Following, Seen } from './follow.ts';
import type { UserMarks } from './user-marks.ts';

export interface CommitMembers {
  readonly changes: MemberChanges;
  readonly lines: readonly string[];
  /** Nothing but time passes for the user, and there is enough to say: the next commit goes on there. */
  isLeft(userKey: string): boolean;
  /** `isKnown`: the user was looked at before. `isLost`: the store may know of an entry that the record does not say, so each is said to it. */
  advance(userKey: string, user: UserMarks, of: { readonly isKnown: boolean; readonly isLost: boolean }): void;
  /** The user was erased, and nothing of them came since. */
  erase(userKey: string): void;
  /** Events of the user are missing, and may matter up to then. */
  noteLost(userKey: string, untilMs: number): void;
}

export interface CommitMembersOptions {
  readonly following: Following;
  readonly segments: WatchedSegments;
  /** What the store holds is of other segments, and forgotten first. */
  readonly mustForget: boolean;
  /** Segments of which the store has lists, and that are not followed. */
  readonly strays: readonly string[];
  /** Every user was looked at before this commit. */
  readonly wasWhole: boolean;
  /** Log time of the commit. */
  readonly upToMs: number;
  readonly seen: ReadonlyMap<string, readonly Seen[]>;
  readonly appends: ReadonlyMap<string, string>;
  /** Users that are due by then, with the instants. */
  readonly due: ReadonlyMap<string, number>;
  /** Lines for the outbox are asked for. */
  readonly says: boolean;
  readonly sha256Hex: (text: string) => string;
}

/** Lines and changes of who is in, of one commit: those who are due beyond it are left to the next. 10 µs of Redis each. */
const MOST_SAID = 4_000;
const NO_SEEN: readonly Seen[] = [];

export function gatherMembers(options: CommitMembersOptions): CommitMembers {
  const { following, segments, mustForget, strays, wasWhole, upToMs, seen, appends, due, says, sha256Hex } = options;
  const versions = segments.list.map(({ version }) => version);
  const { fellFromMs, sinceMs, falls } = following;
  const fell = fellFromMs === null ? null : { fromMs: fellFromMs, toMs: sinceMs, falls };
  const enters: [version: string, userKey: string][] = [];
  const leaves: [version: string, userKey: string][] = [];
  const dues = new Map<string, number | null>();
  const unsure = new Map<string, number | null>();
  const lines: string[] = [];
  let said = 0;

  /** Who has a session that is open is in no list. */
  function isSegment(i: number): boolean {
    return segments.list[i]?.definition.kind === 'segment';
  }

  function noteLost(userKey: string, untilMs: number): void {
    if (untilMs > upToMs) unsure.set(userKey, Math.max(untilMs, unsure.get(userKey) ?? untilMs));
  }

  function advance(userKey: string, user: UserMarks, { isKnown, isLost }: { isKnown: boolean; isLost: boolean }): void {
    const afterMs = isKnown ? Math.min(following.atMs, user.dueMs - 1) : following.sinceMs;
    const given = { userKey, afterMs, upToMs, seen: seen.get(userKey) ?? NO_SEEN, isWhole: !isKnown, fell, says };
    const done = advanceUser(segments, user, given, sha256Hex);
    for (const line of done.lines) lines.push(line);
    said += done.said;
    // Who was not looked at before is in no list yet.
    for (const [i, { before, after }] of done.memberships)
      if (isSegment(i) && (isLost || after !== (before && isKnown)))
        (after ? enters : leaves).push([versions[i] as string, userKey]);
    if (done.lostMs !== null) noteLost(userKey, done.lostMs + segments.retainedMs);
    // As long as some users were not looked at, those who were are known by being due at some time.
    const dueMs = wasWhole ? done.dueMs : Math.min(done.dueMs, upToMs + segments.retainedMs);
    if (dueMs < user.dueMs || user.dueMs <= upToMs || !isKnown) {
      if (dueMs !== user.dueMs) dues.set(userKey, dueMs === Number.POSITIVE_INFINITY ? null : dueMs);
      user.dueMs = dueMs;
      following.nextDueMs = Math.min(following.nextDueMs ?? dueMs, dueMs);
    }
    following.users.set(userKey, user);
  }

  return {
    changes: { forgotten: mustForget ? versions : null, strays, enters, leaves, due: dues, unsure },
    lines,
    noteLost,
    advance,
    isLeft(userKey) {
      const dueMs = due.get(userKey);
      if (said < MOST_SAID || dueMs === undefined || seen.has(userKey) || appends.has(userKey)) return false;
      following.nextDueMs = Math.min(following.nextDueMs ?? dueMs, dueMs);
      return true;
    },
    erase(userKey) {
      // What came before is not looked at: what came after a lift is all there is.
      const user = { marks: segments.list.map(() => []), dueMs: Number.POSITIVE_INFINITY };
      advance(userKey, user, { isKnown: true, isLost: false });
      const entered = new Set(enters.filter(([, entering]) => entering === userKey).map(([version]) => version));
      for (const version of versions) if (!entered.has(version)) leaves.push([version, userKey]);
      // Nor are they due because others were not looked at: their key would stay there for as long as records are kept.
      const isGone = !seen.has(userKey) && !appends.has(userKey);
      if (isGone) user.dueMs = Number.POSITIVE_INFINITY;
      if (isGone || !dues.has(userKey)) dues.set(userKey, null);
      // Before what came after a lift may be missing in its turn.
      if (!unsure.has(userKey)) unsure.set(userKey, null);
    },
  };
}
