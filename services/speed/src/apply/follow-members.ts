/**
 * Members of segments, in the commit of the events and of the log time that make them members:
 *
 *   who       users whose events are something to a segment, users who are due, and while not everybody was looked at yet, some of the others
 *   marks     from the cache, else from the record as the last commit left it
 *   advance   event by event, and log time in between: lines for the outbox, who is in, when the user is due next
 *
 * What a user is to a segment follows from their record and log time alone. So the store holds nothing of it but two indexes: who is in, and who is
 * due when. A due instant may be too early, as where an episode was prolonged meanwhile: then nothing happens. It is never too late.
 */
import type { Commit, MemberChanges, SpeedStore } from '@tributary/store/speed-store';
import type { OutputKinds, PartitionRun } from '../partitions/partition-run.ts';
import { advanceUser } from '../segments/advance-user.ts';
import type { Following, Seen } from '../segments/follow.ts';
import { marksOfRecord } from '../segments/record-marks.ts';
import type { UserMarks } from '../segments/user-marks.ts';
import type { AppliedBatch } from './apply.ts';
import type { UserRecords } from './user-records.ts';

export interface SegmentStage {
  /** The batch with what is to be said and stored of members. What it was built upon has been committed. */
  advance(run: PartitionRun, applied: AppliedBatch): Promise<AppliedBatch>;
}

export interface SegmentStageOptions {
  readonly store: Pick<SpeedStore, 'dueUsers' | 'duesOf' | 'scanUsers'>;
  readonly records: Pick<UserRecords, 'read'>;
  readonly sha256Hex: (text: string) => string;
  readonly outputs: OutputKinds;
  /** Users that one commit looks at because they are due, and because they were not looked at yet. Where there are more, the next commits go on. */
  readonly passedUsers: number;
}

/** Lines and changes of who is in, of one commit: those who are due beyond it are left to the next. 10 µs of Redis each. */
const MOST_SAID = 4_000;
/** Steps of the walk over all keys in one commit: 60 ms of Redis, one by one. */
const MOST_STEPS = 200;
const NO_APPENDS: ReadonlyMap<string, string> = new Map();
const NO_SEEN: readonly Seen[] = [];

export function createSegmentStage(options: SegmentStageOptions): SegmentStage {
  const { store, records, sha256Hex, outputs, passedUsers } = options;
  const says = outputs === 'segments' || outputs === 'all';

  /** Users that are due by then, with the instants; and when the next one is. */
  async function dueBy(run: PartitionRun, following: Following, upToMs: number): Promise<ReadonlyMap<string, number>> {
    if (following.nextDueMs !== null && following.nextDueMs > upToMs) return new Map();
    const { users, nextMs } = await store.dueUsers(run.partition, upToMs, passedUsers);
    following.nextDueMs = nextMs ?? Number.POSITIVE_INFINITY;
    return new Map(users);
  }

  /** Some of those who were not looked at yet. */
  async function walk(run: PartitionRun, following: Following): Promise<ReadonlySet<string>> {
    const walked = new Set<string>();
    const most = Math.max(1, Math.floor(passedUsers / (following.segments?.list.length ?? 1)));
    for (let steps = 0; !following.isWhole && walked.size < most && steps < MOST_STEPS; steps++) {
      const { cursor, users } = await store.scanUsers(run.partition, following.cursor);
      for (const userKey of users) walked.add(userKey);
      following.cursor = cursor;
      following.isWhole = cursor === null;
    }
    return walked;
  }

  /** `appends`: what the commit adds to records, where it is not in `seen`. */
  async function follow(
    run: PartitionRun,
    { commit, seen, cuts, erased }: Pick<AppliedBatch, 'commit' | 'seen' | 'cuts' | 'erased'>,
    following: Following,
    appends: ReadonlyMap<string, string> = NO_APPENDS,
  ): Promise<Followed> {
    const upToMs = commit.next.logTimeMs;
    const changes: Changes = { forgotten: null, enters: [], leaves: [], due: new Map(), unsure: new Map() };
    const lines: string[] = [];
    const segments = following.segments;
    if (segments === null) return { changes, lines };
    const versions = segments.list.map(({ version }) => version);
    // What lies there is of others: it must not be read before it is gone.
    const mustForget = following.mustForget;
    if (mustForget) changes.forgotten = versions;
    const wasWhole = following.isWhole;
    const due = mustForget ? new Map<string, number>() : await dueBy(run, following, upToMs);
    const walked = await walk(run, following);
    const all = new Set([...seen.keys(), ...due.keys(), ...walked, ...appends.keys()]);
    for (const userKey of erased) if (!appends.has(userKey)) all.delete(userKey);
    const cold = [...all].filter((userKey) => following.users.get(userKey) === undefined);
    const dues = mustForget ? [] : await store.duesOf(run.partition, cold);
    const duesOfCold = new Map(cold.map((userKey, i) => [userKey, dues[i] ?? null]));

    let said = 0;
    /** Nothing but time passes for the user, and there is enough to say: the next commit goes on there. */
    const isLeft = (userKey: string): boolean => {
      const dueMs = due.get(userKey);
      if (said < MOST_SAID || dueMs === undefined || seen.has(userKey) || appends.has(userKey)) return false;
      following.nextDueMs = Math.min(following.nextDueMs ?? dueMs, dueMs);
      return true;
    };

    /** `isLost`: the store may know of an entry that the record does not tell any more. */
    const advance = (userKey: string, user: UserMarks, { isKnown, isLost }: { isKnown: boolean; isLost: boolean }) => {
      const afterMs = isKnown ? Math.min(following.atMs, user.dueMs - 1) : following.sinceMs;
      const given = { userKey, afterMs, upToMs, seen: seen.get(userKey) ?? NO_SEEN, isWhole: !isKnown };
      const done = advanceUser(segments, user, given, sha256Hex);
      if (says) for (const line of done.lines) lines.push(line);
      said += done.lines.length;
      // Who was not looked at before is in no list yet.
      for (const [i, { before, after }] of done.memberships)
        if (isLost || after !== (before && isKnown))
          (after ? changes.enters : changes.leaves).push([versions[i] as string, userKey]);
      if (done.lostMs !== null) noteLost(changes, userKey, done.lostMs + segments.retainedMs, upToMs);
      // As long as some users were not looked at, those who were are known by being due at some time.
      const dueMs = wasWhole ? done.dueMs : Math.min(done.dueMs, upToMs + segments.retainedMs);
      if (dueMs < user.dueMs || user.dueMs <= upToMs || !isKnown) {
        if (dueMs !== user.dueMs) changes.due.set(userKey, dueMs === Number.POSITIVE_INFINITY ? null : dueMs);
        user.dueMs = dueMs;
        following.nextDueMs = Math.min(following.nextDueMs ?? dueMs, dueMs);
      }
      following.users.set(userKey, user);
    };

    for (const userKey of erased) {
      if (appends.has(userKey)) continue;
      // What came before is not looked at: what came after a lift is all there is.
      advance(userKey, { marks: segments.list.map(() => []), dueMs: Number.POSITIVE_INFINITY }, { isKnown: true, isLost: false });
      const enters = new Set(changes.enters.filter(([, user]) => user === userKey).map(([version]) => version));
      for (const version of versions) if (!enters.has(version)) changes.leaves.push([version, userKey]);
      if (!changes.due.has(userKey)) changes.due.set(userKey, null);
    }
    for (const userKey of all) {
      const user = following.users.get(userKey);
      if (user === undefined || !(seen.has(userKey) || due.has(userKey)) || isLeft(userKey)) continue;
      advance(userKey, user, { isKnown: true, isLost: false });
    }
    const wanted = cold.filter((userKey) => seen.has(userKey) || due.has(userKey) || duesOfCold.get(userKey) === null);
    await records.read(run, wanted, (userKey, stored) => {
      if (isLeft(userKey)) return;
      const added = appends.get(userKey);
      const before = erased.has(userKey) ? null : stored;
      const record = added === undefined ? before : (before ?? '') + added;
      const dueMs = duesOfCold.get(userKey) ?? null;
      const fromMs = Math.min(following.sinceMs, dueMs ?? following.atMs, following.atMs) - segments.retainedMs;
      const { marks, lostMs } = marksOfRecord(segments, userKey, record, { joinedMs: following.joinedMs, fromMs });
      if (lostMs !== null) noteLost(changes, userKey, lostMs + segments.retainedMs, upToMs);
      const isKnown = wasWhole || dueMs !== null;
      advance(userKey, { marks, dueMs: dueMs ?? Number.POSITIVE_INFINITY }, { isKnown, isLost: lostMs !== null });
    });
    for (const [userKey, cutMs] of cuts) noteLost(changes, userKey, cutMs + segments.retainedMs, upToMs);
    following.atMs = Math.max(following.atMs, upToMs);
    following.mustForget = false;
    following.users.evict();
    return { changes, lines };
  }

  return {
    async advance(run, applied) {
      const { following, nextFollowing } = applied;
      if (following.segments === null && nextFollowing.segments === null) return applied;
      const { changes, lines } = await follow(run, applied, following);
      const { commit, cuts, erased } = applied;
      const said = lines.length === 0 ? commit : { ...commit, outputs: [...(commit.outputs ?? []), ...lines] };
      if (following === nextFollowing) return { ...applied, commit: withMembers(said, following, changes) };
      // From here on others are followed, or the same from an earlier log time: every user is looked at again, some at once.
      const next = await follow(run, { commit, seen: new Map(), cuts, erased }, nextFollowing, addedBy(commit, erased));
      const versions = [following, nextFollowing].flatMap(({ segments }) => segments?.list.map(({ version }) => version) ?? []);
      return { ...applied, commit: withMembers(said, nextFollowing, { ...next.changes, forgotten: [...new Set(versions)] }) };
    },
  };
}

type Changes = { -readonly [Part in 'forgotten']: MemberChanges[Part] } & {
  readonly enters: [string, string][];
  readonly leaves: [string, string][];
  readonly due: Map<string, number | null>;
  readonly unsure: Map<string, number>;
};

interface Followed {
  readonly changes: MemberChanges;
  readonly lines: readonly string[];
}

function noteLost({ unsure }: Changes, userKey: string, untilMs: number, upToMs: number): void {
  if (untilMs > upToMs) unsure.set(userKey, Math.max(untilMs, unsure.get(userKey) ?? untilMs));
}

/** Lines that come to records; all that there is of users who were erased and came back. */
function addedBy({ appends, rewrites }: Commit, erased: ReadonlySet<string>): ReadonlyMap<string, string> {
  if (erased.size === 0) return appends;
  const back = [...rewrites].filter(([userKey, record]) => erased.has(userKey) && record !== '');
  return new Map([...appends, ...back]);
}

/** Where no segments are defined any more, that is said once. */
function withMembers(commit: Commit, { segments, sinceMs, isWhole }: Following, members: MemberChanges): Commit {
  const watched = { key: segments?.key ?? '-', sinceMs, isWhole };
  return { ...commit, next: { ...commit.next, watched }, members };
}
