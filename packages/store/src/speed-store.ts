/**
 * SpeedStore: where the speed layer keeps its state, one atomic commit per partition and batch.
 *
 * Invariants (contract suite in the test kit):
 *  1. A commit applies whole or not at all, and only on top of the very commit it was built upon (the fence, law 3). The
 *     position alone would not do: a store that loses writes and is written to again by another worker can stand at the
 *     same position by another way, while records read in between belong to neither.
 *  2. State and position travel together: whatever the store lost, it lost the position that covers it as well.
 *  3. A commit that was applied and is sent again answers `already`; nothing is written twice.
 *  4. A writer that fell behind is `fenced`; a store that fell behind the writer (lost writes) answers `rewound`.
 *     After `fenced` or `rewound` the writer drops all caches and reloads state and position.
 */
import type { RowsByView } from '@tributary/views/deltas';
import type { KeptRecords } from '@tributary/views/record';

/** What is stored about one partition beside its users and deltas. */
export interface PartitionState {
  /** Position of the last log entry whose effects are in the store; null: nothing read yet. */
  readonly position: string | null;
  /** The identity of the log that `position` belongs to. */
  readonly logIdentity: string;
  /** Log time, epoch ms: the largest `receivedAt` seen, never ahead of the log's own clock. It falls back where that clock was ahead. */
  readonly logTimeMs: number;
  /** Deltas are being added under this generation; 0 before the first barrier. */
  readonly generation: number;
  /** Canonical JSON of the definitions in force. */
  readonly definitions: string;
  /** Deltas of this generation and of all newer ones are by these definitions. Absent: an older version wrote the state, and `generation` alone is known. */
  readonly definitionsSince?: number;
  /**
   * From which generation on deltas have all rows of each view that the worker counts (counted-views.ts). Absent: a version wrote the state that
   * does not note it.
   */
  readonly viewsSince?: ReadonlyMap<string, number>;
  /**
   * Where the barriers lay at which the deltas went over to a generation, of those that are kept: the store notes it from the
   * commits. What an older version committed lacks.
   */
  readonly barriers?: ReadonlyMap<number, string>;
  /**
   * What `relayed` said at these barriers. A barrier without it lies before the partition joined keys, where the partition has sent and applied nothing.
   * null: it was forgotten, as of all but the newest 8 generations.
   */
  readonly crossed?: ReadonlyMap<number, Relayed | null>;
  /** No user's timeline is known up to this instant, epoch ms: records were kept for less long than the definitions ask now, or log time came back. */
  readonly cutTs?: number;
  /**
   * How far back from log time records are kept whole, ms, by the worker that wrote the state: its views may look less far
   * back than those of the one that reads it. Absent: a version wrote it that does not note this.
   */
  readonly keptMs?: number;
  /** Where keys of one person are joined. */
  readonly relayed?: Relayed;
  /** Digests of the users whose events are refused because they were erased (packages/model/src/erasure.ts). Absent: no user ever was. */
  readonly erased?: readonly string[];
  /** How far the members of segments are known. Absent: not at all, or a version wrote the state that does not follow them. */
  readonly watched?: Watched;
  /** A worker wrote the state that does not follow members, after one that did: there may be lists of members that no definitions in force name. */
  readonly wasWatched?: true;
}

/** As far as it says which messages between keys are on their way. */
export type Relaying = Pick<PartitionState, 'position' | 'relayed'>;

/** With what records are known to hold. */
export interface RelayingState extends Relaying, KeptRecords {}

/** As who asks for the state alone reads it. */
export interface StatusState extends PartitionState {
  /** Nothing is left of generations below it, neither deltas nor whose conversions they had. Absent: it is not known. */
  readonly deltasFrom?: number;
  /** Dead letters from before the cut of this generation are without users who were erased by then. Absent: they were not looked at. */
  readonly lettersWithout?: number;
}

/** Members are those of the segments that `key` names. They were first followed at the log time `sinceMs`; `isWhole`: every user was looked at since. */
export interface Watched {
  readonly key: string;
  readonly sinceMs: number;
  readonly isWhole: boolean;
  /** Log time fell back from here, the last time that it did, or all that was said up to there was taken back, epoch ms. Absent: it never did. */
  readonly fellFromMs?: number;
  /** How often it fell back, where that was more than once. */
  readonly falls?: number;
  /** Absent: it did not lately. */
  readonly leapt?: Leapt;
}

/** Log time leapt by so much, all together, and last to `toMs`, ms and epoch ms. */
export interface Leapt {
  readonly ms: number;
  readonly toMs: number;
}

/**
 * Messages between keys (packages/model/src/identity), by partition: the number of the last one that was committed for it, and of the last one of its own
 * that was applied here; '' where there is none.
 */
export interface Relayed {
  readonly sent: readonly string[];
  readonly applied: readonly string[];
}

/** The state with the commit that it is of. Every read names its commit, so that a writer never mixes two histories. */
export interface StoredState extends PartitionState {
  readonly commitId: string;
}

/** What is read together with the commit that stands at that moment; "": nothing was ever committed. */
export interface OfCommit {
  readonly commitId: string;
}

/** A number: the length in bytes of a record that was not read. */
export interface StoredRecords extends OfCommit {
  readonly records: readonly (string | null | number)[];
}

export interface DeadLetter {
  /** `position.index` of the record in its partition. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly raw: string;
}

/** What a commit says of members of segments. A segment is named by its version. */
export interface MemberChanges {
  /** Segments whose members, and with them all instants at which something is due, are forgotten before the rest is written; null: none. */
  readonly forgotten: readonly string[] | null;
  /** Segments whose members are forgotten, and nothing else. */
  readonly strays: readonly string[];
  readonly enters: readonly (readonly [version: string, userKey: string])[];
  readonly leaves: readonly (readonly [version: string, userKey: string])[];
  /** When a user is to be looked at again though nothing of them comes, epoch ms; null: not any more. */
  readonly due: ReadonlyMap<string, number | null>;
  /** Users of whom events are missing, and until when that may matter, epoch ms; null: not any more, as the user was erased. */
  readonly unsure: ReadonlyMap<string, number | null>;
}

export interface Commit {
  readonly partition: number;
  /** The position and the id of the commit that this one was built upon; null and "" for the first. */
  readonly expected: string | null;
  readonly expectedCommit: string;
  readonly id: string;
  readonly next: Omit<PartitionState, 'barriers' | 'crossed' | 'wasWatched'> & { readonly position: string };
  /** Lines (each ending in "\n") to append to users' records. */
  readonly appends: ReadonlyMap<string, string>;
  /** The same, of other users, as UTF-8. */
  readonly joined?: ReadonlyMap<string, Buffer>;
  /** Whole records to put in place of what is there: trimmed ones; "": the user has none any more. */
  readonly rewrites: ReadonlyMap<string, string>;
  /** Added under `deltasGeneration`, unless that is retired; then nothing is kept that a generation files. */
  readonly deltas: RowsByView;
  /** That of the state the commit is built upon: a barrier takes effect after it. */
  readonly deltasGeneration: number;
  /** Late events since the cut whose effect on frozen rows waits for the next generation. */
  readonly pending: number;
  /** Events of users whose timelines, or the work on them, outgrew their bound: exact again after the next generation. */
  readonly overflowed: number;
  /** Conversion id → user key: where to find a conversion's path. */
  readonly conversions: ReadonlyMap<string, string>;
  /** Present when the batch ends with the barrier of a generation. */
  readonly barrier?: { readonly generation: number };
  readonly parked: readonly DeadLetter[];
  /** Lines for the outbox, in order, each with an id that the log alone decides. */
  readonly outputs?: readonly string[];
  /** Messages to other keys, for the outbox of these, in order, numbered by the partition that each goes to. */
  readonly messages?: readonly string[];
  readonly members?: MemberChanges;
}

export interface DueUsers extends OfCommit {
  /** Those that are due first, with their instants, epoch ms, in order. */
  readonly users: readonly (readonly [userKey: string, dueMs: number])[];
  /** Whether there are more up to the instant that was asked for. */
  readonly isMore: boolean;
  /** When the first of all others is due, epoch ms; null: none is. */
  readonly nextMs: number | null;
}

export type CommitOutcome = 'committed' | 'already' | 'fenced' | 'rewound';

export interface SpeedStore {
  loadState(partition: number): Promise<StoredState | null>;
  /**
   * The users' records (lines, each ending in "\n", in arrival order), null where there is none, in order as long as they sum to
   * `maxBytes`; the first that there is always, of those beyond only the length. All as of one commit.
   */
  loadRecords(partition: number, userKeys: readonly string[], maxBytes: number): Promise<StoredRecords>;
  /** Users that are due at or before the instant, `most` of them. */
  dueUsers(partition: number, upToMs: number, most: number): Promise<DueUsers>;
  /** When each is due, epoch ms; null: not at all. */
  duesOf(partition: number, userKeys: readonly string[]): Promise<OfCommit & { readonly dues: readonly (number | null)[] }>;
  /**
   * Some of the users of whom there is a record, from a cursor on that an earlier call of the same store gave; null: from the beginning, and
   * where there are no more. Who has a record before the first call is given at least once, and so is each version of a segment of which there is a list of members.
   */
  scanUsers(
    partition: number,
    cursor: string | null,
  ): Promise<OfCommit & { readonly cursor: string | null; readonly users: readonly string[]; readonly lists: readonly string[] }>;
  /**
   * Rejects with `store_unavailable` when the outcome is unknown: sending the same commit again is safe; with `store_refused` when
   * the store would refuse it again.
   */
  commit(commit: Commit): Promise<CommitOutcome>;
}
