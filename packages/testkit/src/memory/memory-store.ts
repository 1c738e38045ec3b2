/**
 * SpeedStore and ServingStore in memory, with the exact answers of the Redis scripts (see the port's invariants): the
 * store of the simulation. Every call passes through `turn`, before it does its work and before its reply arrives, so
 * that a scheduler decides who goes next, and who never comes back. `fault` makes a commit fail in either way.
 */

import { TributaryError } from '@tributary/model/errors';
import type { Integer } from '@tributary/model/integer';
import { type CommittedDeltas, isChain, stateWith } from '@tributary/store/format/feed';
import type { Outbox, OutboxLines } from '@tributary/store/outbox';
import type {
  FeedCursor,
  Followed,
  GenerationPointer,
  PartitionDeltas,
  ServingStore,
  WholePartition,
} from '@tributary/store/serving-store';
import type { Commit, CommitOutcome, PartitionState, RelayingState, SpeedStore, StatusState } from '@tributary/store/speed-store';
import { addRows, type RowKey, type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { deadLettersOf, type LettersInMemory, park } from './memory-dead-letters.ts';
import { changeMembers, dueOf, type MembersInMemory, membersPage, noMembers, scanned, wasWatched } from './memory-members.ts';

/** `lostReply`: the commit is applied, the writer sees an error. `notApplied`: it sees the same error, and nothing happened. */
export type CommitFault = 'none' | 'lostReply' | 'notApplied';
type OnMessages = (partition: number, messages: OutboxLines) => void;

export interface MemoryStoreOptions {
  readonly partitions: number;
  readonly turn?: () => Promise<void>;
  readonly fault?: (commit: Commit) => CommitFault;
  /** Bounds of a partition's feed: commits, and rows of one commit. Small ones, so that followers fall off it often. */
  readonly feed?: { readonly entries: number; readonly rows: number };
}

const SMALL_FEED = { entries: 4, rows: 40 };

interface StoredGeneration {
  readonly rows: RowsByView;
  readonly conversions: Map<string, string>;
  pending: number;
  overflowed: number;
}

interface StoredPartition extends LettersInMemory {
  state: PartitionState | null;
  commitId: string;
  commits: number;
  oldest: number;
  /** The commit that rewrote a record last. */
  rewritten: string;
  feed: CommittedDeltas[];
  readonly records: Map<string, string>;
  readonly generations: Map<number, StoredGeneration>;
  readonly outputs: { from: number; readonly lines: string[] };
  readonly messages: { from: number; readonly lines: string[] };
  readonly members: MembersInMemory;
}

/** A store as the simulation needs it. */
export interface SimulatedStore {
  /** A connection of its own: the scheduler knows the callers by their `turn`. */
  speed(turn?: () => Promise<void>, fault?: (commit: Commit) => CommitFault, onMessages?: OnMessages): SpeedStore;
  serving(turn?: () => Promise<void>): ServingStore;
  /** Everything about a partition as it is now; the returned function loses every write since. */
  checkpoint(partition: number): Promise<() => Promise<void>>;
  /** Whether a call is under way beyond this process: no other actor has a turn until it has come back. */
  isBusy(): boolean;
}

export interface MemoryStore extends SimulatedStore {
  /** The one of outputs, or that of messages to other keys. */
  outbox(turn?: () => Promise<void>, of?: 'outputs' | 'messages'): Outbox;
  /** Generations of which anything is held, ascending. */
  generationsKept(partition: number): number[];
  /** What a replica or an old append-only file would bring back: one partition as it is now. */
  snapshot(partition: number): unknown;
  /** Loses every write to the partition since the snapshot. */
  restore(partition: number, snapshot: unknown): void;
}

export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const partitions = Array.from({ length: options.partitions }, emptyPartition);
  const at = (partition: number) => partitions[partition] as StoredPartition;
  let pointer: GenerationPointer | null = null;
  const feedBounds = options.feed ?? SMALL_FEED;
  const defaultTurn = options.turn ?? (() => Promise.resolve());

  const snapshot = (partition: number): unknown => structuredClone(at(partition));
  /** Readers notice that a store lost what it had written, as their connections break. */
  let losses = 0;
  const markOf = (partition: number) => `${losses} ${at(partition).rewritten}`;
  const restore = (partition: number, stored: unknown) => {
    losses++;
    partitions[partition] = structuredClone(stored as StoredPartition);
  };

  return {
    isBusy: () => false,
    async checkpoint(partition) {
      const stored = snapshot(partition);
      return async () => restore(partition, stored);
    },
    speed(turn = defaultTurn, fault = options.fault ?? (() => 'none' as const), onMessages = () => {}) {
      const call = async <T>(work: () => T): Promise<T> => {
        await turn();
        const result = work();
        await turn();
        return result;
      };
      return {
        loadState: (partition) =>
          call(() => {
            const { state, commitId } = at(partition);
            return state === null ? null : { ...state, commitId };
          }),
        loadRecords: (partition, userKeys, maxBytes) =>
          call(() => {
            const { commitId, records } = at(partition);
            return {
              commitId,
              records: within(
                maxBytes,
                userKeys.map((key) => records.get(key) ?? null),
              ),
            };
          }),
        dueUsers: (partition, upToMs, most) =>
          call(() => ({ commitId: at(partition).commitId, ...dueOf(at(partition).members, upToMs, most) })),
        duesOf: (partition, userKeys) =>
          call(() => {
            const { commitId, members } = at(partition);
            return { commitId, dues: userKeys.map((user) => members.due.get(user) ?? null) };
          }),
        scanUsers: (partition, cursor) =>
          call(() => {
            const { commitId, records, members } = at(partition);
            return { commitId, ...scanned([...records.keys()], members, cursor) };
          }),
        async commit(commit) {
          const { partition, messages: lines = [] } = commit;
          const [outcome, end] = await call(() => {
            const kind = fault(commit);
            const applied = kind === 'notApplied' ? null : applyCommit(at(partition), commit, feedBounds);
            const box = at(partition).messages;
            if (kind === 'none' && applied !== null) return [applied, box.from + box.lines.length] as const;
            throw new TributaryError('store_unavailable', `the reply to the commit of partition ${partition} was lost`);
          });
          if (outcome === 'committed' && lines.length > 0) onMessages(partition, { from: end - lines.length, lines });
          return outcome;
        },
      };
    },
    serving: (turn = defaultTurn) => ({
      records: async (users, maxBytes, onRecords) => {
        await turn();
        let left = maxBytes;
        return users.map(({ partition, userKey }, i) => {
          const { state } = at(partition);
          onRecords?.kept(partition, state);
          if (state?.position != null) onRecords?.position?.(i, state.position, markOf(partition));
          const record = at(partition).records.get(userKey);
          if (record === undefined) return null;
          const bytes = Buffer.from(record);
          if (bytes.length > left) return bytes.length;
          left -= bytes.length;
          return bytes;
        });
      },
      recordSizes: async (users, onRecords) => {
        await turn();
        return users.map(({ partition, userKey }, i) => {
          const { state, records } = at(partition);
          onRecords.kept(partition, state);
          if (state?.position != null) onRecords.position?.(i, state.position, markOf(partition));
          return { bytes: Buffer.byteLength(records.get(userKey) ?? ''), mark: markOf(partition) };
        });
      },
      deltas: async (views, from, before) => {
        const read: PartitionDeltas[] = [];
        for (let partition = 0; partition < partitions.length; partition++) {
          await turn();
          read.push(readDeltas(at(partition), partition, views, from, before));
        }
        return read;
      },
      follow: async (views, cursors) => {
        const followed: Followed[] = [];
        for (let partition = 0; partition < partitions.length; partition++) {
          await turn();
          followed.push(follow(at(partition), partition, views, cursors[partition] ?? null));
        }
        return followed;
      },
      readWhole: async (asked, views, from) => {
        const read: WholePartition[] = [];
        for (const partition of asked) {
          await turn();
          read.push(readWhole(at(partition), partition, views, from));
        }
        return read;
      },
      members: async (partition, page) => membersPage(at(partition).members, at(partition).state, page),
      states: async () => partitions.map(statusOf),
      relayed: async () => {
        await turn();
        return partitions.map(({ state }) => state && relayingOf(state));
      },
      findConversions: async (id) =>
        partitions.flatMap((stored, partition) => {
          for (let g = stored.state?.generation ?? 0; g >= stored.oldest; g--) {
            const userKey = stored.generations.get(g)?.conversions.get(id);
            if (userKey !== undefined) return [{ partition, userKey }];
          }
          return [];
        }),
      pointer: async () => pointer,
      setPointer: async (next) => {
        if (pointer === null || next.sequence > pointer.sequence) pointer = next;
      },
      retireDeltas: async (generation) => {
        for (const stored of partitions) {
          if (stored.state === null) continue;
          for (const g of [...stored.generations.keys()]) if (g < generation) stored.generations.delete(g);
          stored.oldest = Math.max(stored.oldest, generation);
        }
      },
      deadLetters: deadLettersOf(partitions),
    }),
    outbox: (turn = defaultTurn, of = 'outputs') => ({
      async read(partition, max) {
        await turn();
        const { from, lines } = at(partition)[of];
        return { from, lines: lines.slice(0, max) };
      },
      async remove(partition, upTo, from = 0, last) {
        await turn();
        const outbox = at(partition)[of];
        if (outbox.from < from && outbox.lines.length > 0) return false;
        const count = Math.max(0, upTo - outbox.from);
        if (last !== undefined && count > 0 && outbox.lines.length > 0 && outbox.lines[count - 1] !== last) return false;
        outbox.from += outbox.lines.splice(0, count).length;
        return true;
      },
      async length(partition) {
        await turn();
        return at(partition)[of].lines.length;
      },
    }),
    generationsKept: (partition) => [...at(partition).generations.keys()].sort((a, b) => a - b),
    snapshot,
    restore,
  };
}

function statusOf({ state, oldest, lettersWithout }: StoredPartition): StatusState | null {
  return state && { ...state, ...(oldest > 0 && { deltasFrom: oldest }), ...(lettersWithout > 0 && { lettersWithout }) };
}

function relayingOf({ position, relayed, logTimeMs, cutTs, keptMs }: PartitionState): RelayingState {
  return {
    ...{ position, logTimeMs },
    ...(cutTs !== undefined && { cutTs }),
    ...(keptMs !== undefined && { keptMs }),
    ...(relayed !== undefined && { relayed }),
  };
}

function emptyPartition(): StoredPartition {
  return {
    state: null,
    commitId: '',
    commits: 0,
    oldest: 0,
    feed: [],
    records: new Map(),
    generations: new Map(),
    dead: [],
    lettersWithout: 0,
    rewritten: '',
    parkedAt: 0,
    outputs: { from: 0, lines: [] },
    messages: { from: 0, lines: [] },
    members: noMembers(),
  };
}

function applyCommit(
  stored: StoredPartition,
  commit: Commit,
  bounds: { readonly entries: number; readonly rows: number },
): CommitOutcome {
  if (stored.commitId === commit.id) return 'already';
  const position = stored.state?.position ?? '';
  const expected = commit.expected ?? '';
  if (position !== expected || stored.commitId !== commit.expectedCommit) return position < expected ? 'rewound' : 'fenced';

  for (const [user, lines] of commit.appends) stored.records.set(user, (stored.records.get(user) ?? '') + lines);
  for (const [user, lines] of commit.joined ?? []) stored.records.set(user, (stored.records.get(user) ?? '') + lines.toString());
  for (const [user, record] of commit.rewrites)
    if (record === '') stored.records.delete(user);
    else stored.records.set(user, record);
  if (commit.rewrites.size > 0) stored.rewritten = commit.id;
  if (commit.deltasGeneration >= stored.oldest) addDeltas(stored.generations, commit);
  park(stored, commit.partition, commit.parked, commit.next.logTimeMs);
  for (const line of commit.outputs ?? []) stored.outputs.lines.push(line);
  for (const line of commit.messages ?? []) stored.messages.lines.push(line);
  if (commit.next.watched !== undefined) changeMembers(stored.members, commit);
  const { id, expectedCommit: after, next, deltasGeneration, deltas, pending, overflowed } = commit;
  let size = 0;
  for (const rows of deltas.values()) size += rows.size;
  if (size > bounds.rows) stored.feed.length = 0;
  else {
    const rows = copyOf(deltas);
    stored.feed.push({ id, after, next, generation: deltasGeneration, rows, pending, overflowed });
    if (stored.feed.length > bounds.entries) stored.feed.shift();
  }
  stored.commits++;
  const committed = { id, after, next, generation: deltasGeneration, rows: deltas, pending, overflowed };
  stored.state = { ...stateWith(stored.state, committed, stored.oldest), ...wasWatched(stored.state, next) };
  stored.commitId = commit.id;
  return 'committed';
}

function addDeltas(generations: StoredPartition['generations'], commit: Commit): void {
  let generation = generations.get(commit.deltasGeneration);
  if (generation === undefined) {
    generation = { rows: new Map(), conversions: new Map(), pending: 0, overflowed: 0 };
    generations.set(commit.deltasGeneration, generation);
  }
  for (const [view, rows] of commit.deltas) addRows(rowsOf(generation.rows, view), rows);
  for (const [id, user] of commit.conversions) generation.conversions.set(id, user);
  generation.pending += commit.pending;
  generation.overflowed += commit.overflowed;
}

function assertKept(stored: StoredPartition, from: number): void {
  if (from < stored.oldest)
    throw new TributaryError('deltas_retired', `the deltas of generation ${from} are gone, the oldest kept is ${stored.oldest}`);
}

function follow(stored: StoredPartition, partition: number, views: readonly string[], cursor: FeedCursor | null): Followed {
  const { oldest, feed, commits, commitId } = stored;
  const ahead = cursor === null ? 0 : commits - cursor.commits;
  const since = ahead > 0 ? feed.slice(-ahead) : [];
  if (cursor === null || ahead < 0 || since.length < ahead || !isChain(since, cursor.commitId, commitId))
    return { partition, oldest, commits: 'gap' };
  return { partition, oldest, commits: since.map((entry) => ({ ...entry, rows: rowsOfViews(entry.rows, views) })) };
}

function readWhole(stored: StoredPartition, partition: number, views: readonly string[], from: number): WholePartition {
  assertKept(stored, from);
  const { state, commits, commitId } = stored;
  const kept = [...stored.generations].filter(([g]) => g >= from && g <= (state?.generation ?? 0));
  const generations = new Map(
    kept.map(([g, { rows, pending, overflowed }]) => [g, { rows: rowsOfViews(rows, views), pending, overflowed }] as const),
  );
  return { partition, state, cursor: { commitId, commits }, generations };
}

/** A copy, as what comes over a wire is one. */
function rowsOfViews(rows: RowsByView, views: readonly string[]): RowsByView {
  const asked = new Set(views);
  return copyOf([...rows].filter(([view]) => asked.has(view)));
}

/** Rows of its own: no change of one side is seen by the other. */
function copyOf(byView: Iterable<readonly [view: string, rows: ReadonlyMap<RowKey, readonly Integer[]>]>): RowsByView {
  const copy: RowsByView = new Map();
  for (const [view, rows] of byView) {
    const own: Rows = new Map();
    for (const [key, measures] of rows) own.set(key, [...measures]);
    copy.set(view, own);
  }
  return copy;
}

function readDeltas(
  stored: StoredPartition,
  partition: number,
  views: readonly string[],
  from: number,
  before = Number.POSITIVE_INFINITY,
): PartitionDeltas {
  assertKept(stored, from);
  const rows: RowsByView = new Map(views.map((view) => [view, new Map()]));
  let pending = 0;
  let overflowed = 0;
  for (const [g, generation] of stored.generations) {
    if (g < from || g >= before || g > (stored.state?.generation ?? 0)) continue;
    for (const view of views) addRows(rowsOf(rows, view), generation.rows.get(view) ?? new Map());
    pending += generation.pending;
    overflowed += generation.overflowed;
  }
  return { partition, state: stored.state, rows, pending, overflowed };
}

/** As read-records.lua. */
function within(maxBytes: number, records: readonly (string | null)[]): (string | null | number)[] {
  let left = maxBytes;
  let given = false;
  return records.map((record) => {
    const length = Buffer.byteLength(record ?? '');
    if (length > 0 && length > left && given) return length;
    left -= length;
    given ||= length > 0;
    return record;
  });
}
