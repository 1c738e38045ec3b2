/**
 * EventLog: the partitioned, ordered, replayable log that both layers read.
 *
 * Invariants, enforced by the contract suite in the test kit that every adapter runs:
 *  1. `append` resolves only when the entry is durable: it survives `kill -9` of every process.
 *  2. Entries of one partition have strictly increasing positions; `read` returns them in that order, without a gap.
 *  3. A position compares as a string: `a < b` if and only if `a` lies before `b` in the partition.
 *  4. Entries acknowledged in order by one appender stay in that order; a failed `append` may still have been written.
 *  5. The number of partitions is fixed when the log is created; another number is `partition_mismatch`.
 *  6. `identity` names this very log: a recreated log has another one.
 *  7. Reading from a position older than the oldest retained entry is `position_expired`, never a silent skip.
 *  8. A line has the same place (`line-places.ts`) whenever it is read, and whichever lines are read with it; places increase as lines do.
 *
 * An entry holds many events of one partition: batching is what makes a log fast. Excluded on purpose: consumer groups,
 * acknowledgement by readers, headers; positions belong to the reader's own state (they commit together with it).
 */

/** Opaque, totally ordered within its partition by string comparison. */
export type Position = string;

/** `events`: canonical lines joined by "\n". `barrier`: JSON of `Barrier`. `heartbeat`: JSON of `Heartbeat`. */
export type RecordKind = 'events' | 'barrier' | 'heartbeat';

export interface LogRecord {
  readonly kind: RecordKind;
  readonly body: string;
}

export interface LogEntry extends LogRecord {
  readonly partition: number;
  readonly position: Position;
  /**
   * When the log took the entry, by the log's own clock, epoch ms: the one clock that no writer of records can set. In Kafka
   * it is the broker's where the topic has `message.timestamp.type=LogAppendTime`, which opening demands. An entry
   * made of several appends has the newest one's.
   */
  readonly appendedMs: number;
  /**
   * The position of its first line, in a log that may end its entries elsewhere when they are read again: there each line has a position of its own, the
   * next number of as many digits after that of the line before it. Absent: the entry is what was appended at once, whenever it is read.
   */
  readonly firstLine?: Position;
}

export interface ReadLimits {
  /** Entries per partition, at most. */
  readonly maxEntries: number;
  /**
   * Bytes of the bodies of all entries together, about; each partition has an equal share, and always gives one entry. An
   * adapter that can count entries only goes by what the latest ones weighed. Absent: no bound.
   */
  readonly maxBytes?: number;
  /** Waits this long for a first entry when there is none; 0 returns at once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

export interface EventLog {
  readonly identity: string;
  readonly partitions: number;
  /** Others write to this log too, and may put an event into any partition: before an entry is read, it may be about any user. */
  readonly mayMisplace?: true;
  /** Resolves with the position once durable. Rejects with `log_unavailable` (not written, or not known to be). */
  append(partition: number, record: LogRecord): Promise<Position>;
  /**
   * Entries strictly after the given positions (`null`: from the oldest retained), in order within each partition.
   * Partitions not named are not read. Empty after `waitMs`, or when aborted.
   */
  read(after: ReadonlyMap<number, Position | null>, limits: ReadLimits): Promise<LogEntry[]>;
  /** The position of the newest entry of each partition, `null` where there never was one. Index = partition. */
  ends(): Promise<readonly (Position | null)[]>;
  /**
   * How long the first entry after each position (`null`: the oldest retained) has been in the log, ms, from its append on,
   * by the log's own clock (in Kafka the broker's at the append, the caller's now). Negative: the entry's date leads that clock by
   * so much, because the clock was ahead before; how long the entry has waited is not known then.
   * Partitions without such an entry are left out. Rejects with `log_unavailable`.
   */
  ageAfter(after: ReadonlyMap<number, Position | null>): Promise<ReadonlyMap<number, number>>;
  /**
   * For a log whose positions say when their entries were appended: that instant, epoch ms, by the log's own clock. Absent where
   * positions say nothing of it.
   */
  dateOf?(position: Position): number;
  /**
   * Where the log begins: the newest position of each partition that was dropped, `null` where it still has its beginning.
   * To read such a partition from `null` skips what was dropped: a reader that needs it must find it elsewhere. Index = partition.
   */
  starts(): Promise<readonly (Position | null)[]>;
  /**
   * For a log that can lose its tail and go on: `archived` is the position of an entry up to which everything is archived. A
   * log that no longer has it is made to begin after it, so that no reader goes past what was lost; true: it was lost.
   */
  markLostTail?(partition: number, archived: Position): Promise<boolean>;
  /**
   * Whether no entry at or before these positions is left, nor a byte of one beside those that came later, where the positions are those of
   * barriers. Index = partition. Absent where the log itself cannot say it. Rejects with `log_unavailable`.
   */
  hasDropped?(upTo: readonly Position[]): Promise<boolean>;
  /** Drops entries at or before `upTo`. The caller knows that every reader's durable position has passed it. */
  trim(partition: number, upTo: Position): Promise<void>;
  /**
   * Where the log has tools of its own that show lag: reports to them how far a group of readers has durably come. Nothing is
   * ever read back. Rejects with `log_unavailable`; reporting again later is enough.
   */
  reportProgress?(group: string, positions: ReadonlyMap<number, Position>): Promise<void>;
  close(): Promise<void>;
}
