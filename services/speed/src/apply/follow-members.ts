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
import { NO_SEGMENTS } from '@tributary/store/format/state';
import type { Commit, MemberChanges, SpeedStore } from '@tributary/store/speed-store';
import type { OutputKinds, PartitionRun } from '../partitions/partition-run.ts';
import { type CommitMembers, gatherMembers } from '../segments/commit-members.ts';
import { afterCommit, dueAhead, firstDue } from '../segments/due-ahead.ts';
import type { Following } from '../segments/follow.ts';
import { marksOfRecord } from '../segments/record-marks.ts';
import type { AppliedBatch } from './apply.ts';
import { ofOwnHistory } from './own-history.ts';
import { MOST_PASSED_BYTES, type UserRecords } from './user-records.ts';

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

/** Steps of the walk over all keys in one commit: 60 ms of Redis, one by one. */
const MOST_STEPS = 200;
const AT_ANY_TIME_MS = Number.MAX_SAFE_INTEGER;
const NO_DUE: ReadonlyMap<string, number> = new Map();
const NO_APPENDS: ReadonlyMap<string, string> = new Map();
const NONE_WALKED: Walked = { users: new Set(), strays: [] };
const NO_DUES: { readonly dues: readonly (number | null)[] } = { dues: [] };

export function createSegmentStage(options: SegmentStageOptions): SegmentStage {
  const { store, records, sha256Hex, outputs, passedUsers } = options;
  const says = outputs === 'segments' || outputs === 'all';

  /** Users that are due by then, with the instants. When the next one is due is noted in `following`. */
  async function dueBy(run: PartitionRun, following: Following, upToMs: number): Promise<ReadonlyMap<string, number>> {
    if (following.nextDueMs !== null && following.nextDueMs > upToMs) return NO_DUE;
    if (following.ahead === undefined || following.ahead.toMs < upToMs)
      following.ahead = dueAhead(await ofOwnHistory(run, () => store.dueUsers(run.partition, AT_ANY_TIME_MS, passedUsers)));
    const { users, nextMs } = firstDue(following.ahead, upToMs, passedUsers);
    following.nextDueMs = nextMs;
    return users;
  }

  /** Some of those who were not looked at yet; and lists of other segments that are there: those in force when a worker that does not follow members took over. */
  async function walk(run: PartitionRun, following: Following): Promise<Walked> {
    if (following.isWhole) return NONE_WALKED;
    const strays = new Set<string>();
    const own = new Set(following.segments?.list.map(({ version }) => version));
    const most = Math.max(1, Math.floor(passedUsers / (following.segments?.list.length ?? 1)));
    const found = [...following.found];
    for (let steps = 0; !following.isWalked && found.length < most && steps < MOST_STEPS; steps++) {
      const step = () => store.scanUsers(run.partition, following.cursor);
      const { cursor, users, lists } = await ofOwnHistory(run, step);
      for (const userKey of users) found.push(userKey);
      for (const version of lists) if (!own.has(version)) strays.add(version);
      following.cursor = cursor;
      following.isWalked = cursor === null;
    }
    following.found = found.slice(most);
    return { users: new Set(found.slice(0, most)), strays: [...strays] };
  }

  /** `appends`: what the commit adds to records, where it is not in `seen`. */
  async function follow(
    run: PartitionRun,
    { commit, seen, cuts, erased }: Pick<AppliedBatch, 'commit' | 'seen' | 'cuts' | 'erased'>,
    following: Following,
    appends: ReadonlyMap<string, string> = NO_APPENDS,
  ): Promise<Followed> {
    const upToMs = commit.next.logTimeMs;
    const { segments, mustForget, isWhole: wasWhole } = following;
    if (segments === null && wasWhole) return NOTHING_FOLLOWED;
    // What lies there is of others: it must not be read before it is gone.
    const due = mustForget || segments === null ? NO_DUE : await dueBy(run, following, upToMs);
    const { users: walked, strays } = await walk(run, following);
    following.mustForget = false;
    if (segments === null) {
      following.found = [];
      following.isWhole ||= following.isWalked;
      return { lines: [], changes: { ...NOTHING_FOLLOWED.changes, forgotten: mustForget ? [] : null, strays } };
    }
    const all = new Set([...seen.keys(), ...due.keys(), ...walked, ...appends.keys()]);
    for (const userKey of erased) if (!appends.has(userKey)) all.delete(userKey);
    const cold = [...all].filter((userKey) => following.users.get(userKey) === undefined);
    const { dues } = mustForget || cold.length === 0 ? NO_DUES : await ofOwnHistory(run, () => store.duesOf(run.partition, cold));
    const duesOfCold = new Map(cold.map((userKey, i) => [userKey, dues[i] ?? null]));

    const isAsked = (userKey: string) => seen.has(userKey) || due.has(userKey);
    const members = gatherMembers({
      ...{ following, segments, mustForget, strays, wasWhole, upToMs },
      ...{ seen, appends, due, says, sha256Hex },
    });
    for (const userKey of erased) if (!appends.has(userKey)) members.erase(userKey);
    for (const userKey of all) {
      const user = following.users.get(userKey);
      const dueMs = due.get(userKey);
      // An instant may be left of a user whose record is gone: who is new under that key knows nothing of it.
      if (user !== undefined && dueMs !== undefined) user.dueMs = dueMs;
      if (user === undefined || !isAsked(userKey) || members.isLeft(userKey)) continue;
      members.advance(userKey, user, { isKnown: true, isLost: false });
    }
    const wanted = new Set(cold.filter(isAsked));
    // A walk holds up all partitions of the worker: it goes on with the next commit where it has read enough. Others cannot wait.
    const passed = cold.filter((userKey) => !wanted.has(userKey) && duesOfCold.get(userKey) === null);
    let passedBytes = 0;
    const goesOn = (userKey: string) => passedBytes < MOST_PASSED_BYTES || wanted.has(userKey);
    const left = await records.read(run, [...wanted, ...passed], goesOn, (userKey, stored) => {
      if (members.isLeft(userKey)) return;
      if (!wanted.has(userKey)) {
        // Found by the walk, and erased since.
        if (stored === null && !appends.has(userKey)) return;
        passedBytes += stored?.length ?? 0;
      }
      const added = appends.get(userKey);
      const before = erased.has(userKey) ? null : stored;
      const record = added === undefined ? before : (before ?? '') + added;
      const dueMs = duesOfCold.get(userKey) ?? null;
      const fromMs = Math.min(following.sinceMs, dueMs ?? following.atMs, following.atMs) - segments.retainedMs;
      const { marks, lostMs } = marksOfRecord(segments, userKey, record, { joinedMs: following.joinedMs, fromMs });
      if (lostMs !== null) members.noteLost(userKey, lostMs + segments.retainedMs);
      const isKnown = wasWhole || dueMs !== null;
      members.advance(
        userKey,
        { marks, dueMs: dueMs ?? Number.POSITIVE_INFINITY },
        { isKnown, isLost: lostMs !== null || due.has(userKey) },
      );
    });
    following.found = [...left, ...following.found];
    following.isWhole ||= following.isWalked && following.found.length === 0;
    for (const [userKey, cutMs] of cuts) members.noteLost(userKey, cutMs + segments.retainedMs);
    if (following.ahead !== undefined) following.ahead = afterCommit(following.ahead, members.changes.due, passedUsers);
    following.atMs = Math.max(following.atMs, upToMs);
    following.users.evict();
    return members;
  }

  return {
    async advance(run, applied) {
      const { following, nextFollowing } = applied;
      // That log time fell back, or leapt, is kept for segments that are defined later.
      const isIdle = ({ segments, isWhole, falls, leapt }: Following) =>
        segments === null && isWhole && falls === 0 && leapt === null;
      if ([following, nextFollowing].every(isIdle)) return applied;
      const { changes, lines } = await follow(run, applied, following);
      const { commit, cuts, erased } = applied;
      if (following === nextFollowing) return { ...applied, commit: withMembers(withLines(commit, lines), following, changes) };
      // From here on others are followed, or the same from an earlier log time: every user is looked at again, some at once.
      const next = await follow(run, { commit, seen: new Map(), cuts, erased }, nextFollowing, addedBy(commit, erased));
      const versions = [following, nextFollowing].flatMap(({ segments }) => segments?.list.map(({ version }) => version) ?? []);
      const said = withLines(commit, [...lines, ...next.lines]);
      return { ...applied, commit: withMembers(said, nextFollowing, { ...next.changes, forgotten: [...new Set(versions)] }) };
    },
  };
}

interface Walked {
  readonly users: ReadonlySet<string>;
  readonly strays: readonly string[];
}

type Followed = Pick<CommitMembers, 'changes' | 'lines'>;

const NOTHING_FOLLOWED: Followed = {
  changes: { forgotten: null, strays: [], enters: [], leaves: [], due: new Map(), unsure: new Map() },
  lines: [],
};

/** Lines that come to records; all that there is of users who were erased and came back. */
function addedBy({ appends, rewrites }: Commit, erased: ReadonlySet<string>): ReadonlyMap<string, string> {
  if (erased.size === 0) return appends;
  const back = [...rewrites].filter(([userKey, record]) => erased.has(userKey) && record !== '');
  return new Map([...appends, ...back]);
}

function withLines(commit: Commit, lines: readonly string[]): Commit {
  return lines.length === 0 ? commit : { ...commit, outputs: [...(commit.outputs ?? []), ...lines] };
}

/** Where no segments are defined any more, that is said until nothing is left of earlier ones. */
function withMembers(commit: Commit, following: Following, members: MemberChanges): Commit {
  const { segments, sinceMs, isWhole, fellFromMs, falls, leapt } = following;
  const fell = fellFromMs === null ? {} : { fellFromMs, ...(falls === 1 ? {} : { falls }) };
  const watched = { key: segments?.key ?? NO_SEGMENTS, sinceMs, isWhole, ...fell, ...(leapt !== null && { leapt }) };
  return { ...commit, next: { ...commit.next, watched }, members };
}
