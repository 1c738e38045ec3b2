/** The users of a batch and their records: read when they are not cached, rewritten when they grew too long. */

import type { KeyState } from '@tributary/model/identity/adoption';
import { isMessageType } from '@tributary/model/identity/message-line';
import type { SpeedStore } from '@tributary/store/speed-store';
import { hasMessages, keyFromRecord, recordNotWithdrawn, userFromKey } from '@tributary/views/identity/keyed-record';
import {
  excessUpTo,
  markedCut,
  recordRetentionMs,
  type TrimmedRecord,
  trimRecord,
  userFromRecord,
} from '@tributary/views/record';
import { namedIn, saidIn } from '@tributary/views/said-marks';
import type { StepRules } from '@tributary/views/step';
import { cutPackedUpTo } from '@tributary/views/step-packed';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { CachedUser } from '../partitions/cached-user.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';
import type { Arrival, DecodedBatch } from '../read/decode.ts';
import type { AppliedBatch } from './apply.ts';
import type { DigestOf } from './effects.ts';
import { lossOf } from './lose-events.ts';
import { ofOwnHistory } from './own-history.ts';

export interface UserRecords {
  /**
   * The state of each arrival's user, in the order of arrivals; `number`: of the batch. Those of its first entry always, of the others as
   * many as their records sum to `loadBytes`: the batch is to be applied as far as there are users. `isNext`: nothing but a commit under way lies
   * before the batch, so that what `join` will need is read along.
   */
  load(run: PartitionRun, batch: DecodedBatch, number: number, isNext?: boolean): Promise<(CachedUser | undefined)[]>;
  /**
   * The users of a batch once other keys said something to some of them for the first time, which need what they have so far: read when all before the
   * batch is committed. Undefined: those whose records are too much for now, but for the first entry.
   */
  join(run: PartitionRun, batch: DecodedBatch, users: Loaded): Promise<Loaded>;
  /** The same from what was read along with the batch; null: the store did not stand at the commit before it then, or gave too little. */
  joinAtOnce(run: PartitionRun, batch: DecodedBatch, users: Loaded): Loaded | null;
  /** The record of each as the last commit left it; null: there is none. */
  read(
    run: PartitionRun,
    userKeys: readonly string[],
    goesOn: (next: string) => boolean,
    use: (userKey: string, record: string | null) => void,
  ): Promise<readonly string[]>;
  /** The commit with the records that outgrew their bound rewritten, as many as sum to `loadBytes`; the others later. */
  withTrims(run: PartitionRun, applied: AppliedBatch): Promise<AppliedBatch['commit']>;
}

type Loaded = readonly (CachedUser | undefined)[];

interface Loading {
  readonly run: PartitionRun;
  readonly batch: number;
  readonly addressed: ReadonlySet<string>;
}

/** A record as the store had it at one of the commits of its partition. */
interface RecordAt {
  readonly record: string | null;
  readonly commitId: string;
}

/** Whether a message of the batch is the first one to its user, as far as is known. */
export function mustJoin({ definitions }: PartitionRun, { arrivals }: DecodedBatch, users: Loaded): boolean {
  return definitions.joinedMs !== null && arrivals.some((arrival, i) => isPlain(users[i]) && isFromOthers(arrival));
}

function isFromOthers(arrival: Arrival): boolean {
  return isMessageType(arrival.event.type) && lossOf(arrival) === null;
}

/** Those who get a first message in the batch, as far as is known. */
function toJoin({ arrivals }: DecodedBatch, users: Loaded): Map<string, CachedUser> {
  const joined = new Map<string, CachedUser>();
  for (const [i, arrival] of arrivals.entries())
    if (isPlain(users[i]) && isFromOthers(arrival)) joined.set(arrival.userKey, users[i] as CachedUser);
  return joined;
}

function isPlain(user: CachedUser | undefined): boolean {
  return user !== undefined && user.key === undefined;
}

/** Users whose records are asked for at once. */
const READ_USERS = 256;
/** Records of users that nothing came of, read in one commit for what they are to segments, UTF-16 units: 20 ms of a processor, and as much more as one reply has. */
export const MOST_PASSED_BYTES = 2 * 1024 * 1024;

/** Where keys are joined, a record loses events by the log. Until then it may have this many times its bound. */
const MOST_OVER = 4;
/** A record that is so much longer says once more that it has outgrown its bound. */
const SAID_AGAIN = 1.25;

interface Trimming {
  readonly logTimeMs: number;
  readonly rules: StepRules;
  readonly mostLength: number;
  readonly digestOf: DigestOf;
  /** The log says that events up to then are lost. */
  readonly lostTs: number | undefined;
}

/** Where keys are joined, what is too long is noted, to be said. */
function trimmed(run: PartitionRun, userKey: string, record: string, trimming: Trimming): TrimmedRecord {
  const { logTimeMs, rules, mostLength, digestOf, lostTs } = trimming;
  if (run.definitions.joinedMs === null) return trimRecord(record, logTimeMs, rules, mostLength);
  const horizonMs = logTimeMs - recordRetentionMs(rules);
  // Events up to the mark of the record are lost already, so later ones of that time go without a message; so do those that are older than records are kept.
  const goneTs = record.length > mostLength ? Math.max(markedCut(record), horizonMs) : (lostTs ?? NEVER_CUT);
  const left = trimRecord(recordNotWithdrawn(record, digestOf), logTimeMs, rules, mostLength * MOST_OVER, goneTs);
  const excessTs = excessUpTo(left.record, mostLength, horizonMs);
  if (excessTs !== null) run.tooLong.set(userKey, excessTs);
  return left;
}

export interface RecordLimits {
  /** A user's record is trimmed when it passes this, and again at each doubling. UTF-16 units. */
  readonly trimRecordLength: number;
  /** A record that passes this loses its oldest events: Redis takes strings of 512 MB, and reads of seconds. UTF-16 units. */
  readonly maxRecordLength: number;
  /** Links of a key that count, of those that it received on one day; as both layers have it, where it is not said. */
  readonly linksOfDay?: number | undefined;
  /** Bytes of records in one answer of the store, unless a single one has more. */
  readonly readBytes: number;
  /** Bytes of records that one batch of a partition loads, and rewrites. */
  readonly loadBytes: number;
}

export function createUserRecords(store: SpeedStore, limits: RecordLimits, digestOf: DigestOf): UserRecords {
  const { trimRecordLength: trimLength, maxRecordLength: mostLength, readBytes, loadBytes, linksOfDay: mostOfDay } = limits;
  const nextTrim = (length: number) => Math.min(mostLength, Math.max(trimLength, length * 2));
  const readAlong = new WeakMap<DecodedBatch, ReadonlyMap<string, RecordAt>>();

  /** `addressed`: those to whom other keys say something in the batch, maybe for the first time: nothing of them is under way, so the record has all of it. */
  function addUser(userKey: string, record: string | null, { run, batch, addressed }: Loading): void {
    const recordLength = record?.length ?? 0;
    const { logTimeMs, rules, cutTs } = run;
    const { joinedMs } = run.definitions;
    const isKeyed = joinedMs !== null && (addressed.has(userKey) || (record !== null && hasMessages(record)));
    const key = isKeyed ? keyOf(run, userKey, record) : undefined;
    const state =
      key === undefined
        ? userFromRecord(record ?? '', logTimeMs, rules, cutTs)
        : userFromKey(key, record ?? '', logTimeMs, rules, cutTs);
    const user = run.users.add(userKey, state, recordLength, nextTrim(recordLength), batch, key);
    if (joinedMs !== null && record !== null) {
      user.named = namedIn(record);
      // Whom it was said to is named with it.
      if (user.named !== undefined) user.said = saidIn(record);
    }
    // What is not in a record is nothing to a segment.
    if (record === null && run.following.segments !== null) run.following.users.noteNew(userKey);
    if (run.erased !== undefined && run.erased.size > 0) user.isErased = run.erased.has(digestOf(userKey));
  }

  /** Links that come move nothing that its record may lack: by its own mark, or as all records of the partition do since log time fell back. */
  function keyOf({ definitions, cutTs }: PartitionRun, userKey: string, record: string | null): KeyState {
    const key = keyFromRecord(userKey, record ?? '', { windowMs: definitions.joinedMs ?? 0, mostOfDay, digestOf });
    key.lostTs = Math.max(key.lostTs, Math.floor(cutTs));
    return key;
  }

  function joinUser(run: PartitionRun, user: CachedUser, userKey: string, record: string | null): void {
    user.key = keyOf(run, userKey, record);
  }

  /** Reads some at a time, in order, until none is left or `goesOn` says no, and says who is left: a reply of gigabytes comes too late, and holds up the heartbeat. */
  async function readEach(
    run: PartitionRun,
    userKeys: Iterable<string>,
    goesOn: (next: string) => boolean,
    use: (userKey: string, record: string | null, commitId: string) => void,
    ofReply = readBytes,
  ): Promise<readonly string[]> {
    let left = [...userKeys];
    while (left.length > 0 && goesOn(left[0] as string)) {
      const asked = left.slice(0, READ_USERS);
      const { commitId, records } = await ofOwnHistory(run, () => store.loadRecords(run.partition, asked, ofReply));
      for (const [i, userKey] of asked.entries()) {
        const record = records[i] ?? null;
        if (typeof record !== 'number') use(userKey, record, commitId);
      }
      left = [...asked.filter((_, i) => typeof records[i] === 'number'), ...left.slice(READ_USERS)];
    }
    return left;
  }

  return {
    async load(run, batch, number, isNext = false) {
      const cached = batch.arrivals.map(({ userKey }) => run.users.get(userKey, number));
      const plain = isNext && run.definitions.joinedMs !== null ? toJoin(batch, cached) : undefined;
      if (!cached.includes(undefined) && (plain === undefined || plain.size === 0)) return cached;
      const missing = new Set(batch.arrivals.filter((_, i) => cached[i] === undefined).map(({ userKey }) => userKey));
      const first = new Set(batch.arrivals.slice(0, batch.ends[0]?.arrivals).map(({ userKey }) => userKey));
      const addressed = new Set(batch.arrivals.filter(isFromOthers).map(({ userKey }) => userKey));
      const along = new Map<string, RecordAt>();
      let bytes = 0;
      const goesOn = (userKey: string) => first.has(userKey) || bytes < loadBytes;
      await readEach(run, [...missing, ...(plain?.keys() ?? [])], goesOn, (userKey, record, commitId) => {
        bytes += record?.length ?? 0;
        if (plain?.has(userKey) === true) along.set(userKey, { record, commitId });
        // The next batch may have asked for the user too: one state is for both.
        else if (run.users.get(userKey, number) === undefined) addUser(userKey, record, { run, batch: number, addressed });
      });
      if (along.size > 0) readAlong.set(batch, along);
      return batch.arrivals.map(({ userKey }) => run.users.get(userKey, number));
    },

    joinAtOnce(run, batch, users) {
      const joined = toJoin(batch, users);
      const along = readAlong.get(batch);
      // All that was applied before the batch is in a record of the last commit.
      for (const userKey of joined.keys()) if (along?.get(userKey)?.commitId !== run.commitId) return null;
      for (const [userKey, user] of joined) joinUser(run, user, userKey, along?.get(userKey)?.record ?? null);
      return users;
    },

    async join(run, batch, users) {
      const { arrivals, ends } = batch;
      const joined = toJoin(batch, users);
      const first = new Set(arrivals.slice(0, ends[0]?.arrivals).map(({ userKey }) => userKey));
      let bytes = 0;
      const mayRead = (next: string) => bytes < loadBytes || first.has(next);
      await readEach(run, joined.keys(), mayRead, (userKey, record) => {
        bytes += record?.length ?? 0;
        joinUser(run, joined.get(userKey) as CachedUser, userKey, record);
      });
      return users.map((user, i) => (isPlain(user) && isFromOthers(arrivals[i] as Arrival) ? undefined : user));
    },

    read: (run, userKeys, goesOn, use) => readEach(run, userKeys, goesOn, use, Math.min(readBytes, MOST_PASSED_BYTES)),

    async withTrims(run, { commit, toTrim, mustRewrite, lost, rules, nextFollowing }) {
      if (toTrim.length === 0) return commit;
      const unsure = new Map(commit.members?.unsure);
      const appends = new Map(commit.appends);
      const rewrites = new Map(commit.rewrites);
      let bytes = 0;
      const { logTimeMs } = commit.next;
      const isWithin = (next: string) => bytes < loadBytes || mustRewrite?.has(next) === true;
      await readEach(run, toTrim, isWithin, (userKey, stored) => {
        const read = `${stored ?? ''}${appends.get(userKey) ?? ''}`;
        bytes += read.length;
        const trimming = { logTimeMs, rules, mostLength, digestOf, lostTs: lost?.get(userKey) };
        const { record, cutTs } = trimmed(run, userKey, read, trimming);
        const user = run.users.peek(userKey);
        if (user !== undefined) {
          user.recordLength = record.length;
          user.trimAtLength = record.length > mostLength ? record.length * SAID_AGAIN : nextTrim(record.length);
          // The next batch may be applied already, to more than the record holds: that much was still known.
          cutPackedUpTo(user, cutTs);
          // As who takes the partition over says it: what goes ahead of a commit may be said again.
          if (user.key !== undefined) user.key.lostTs = Math.max(user.key.lostTs, cutTs);
        }
        if (cutTs !== NEVER_CUT)
          unsure.set(userKey, Math.max(unsure.get(userKey) ?? 0, cutTs + (nextFollowing.segments?.retainedMs ?? 0)));
        appends.delete(userKey);
        rewrites.set(userKey, record);
      });
      const { members } = commit;
      return { ...commit, appends, rewrites, ...(members !== undefined && { members: { ...members, unsure } }) };
    },
  };
}
