/** ServingStore: what the API and the jobs read of the speed layer's state. */
import type { RowsByView } from '@tributary/views/deltas';
import type { KeptRecords } from '@tributary/views/record';
import type { DeadLetters } from './dead-letters.ts';
import type { CommittedDeltas } from './format/feed.ts';
import type { PartitionState, RelayingState, StatusState, Watched } from './speed-store.ts';

/** One partition's part of an answer, read atomically: state and deltas belong to the same commit. */
export interface PartitionDeltas {
  readonly partition: number;
  /** null: the speed layer never committed anything here. */
  readonly state: PartitionState | null;
  /** Σ of the deltas of generations ≥ the one asked for. */
  readonly rows: RowsByView;
  readonly pending: number;
  readonly overflowed: number;
}

/** Where a follower stands in a partition: the last commit that it knows ("": none), and how many there were with it. */
export interface FeedCursor {
  readonly commitId: string;
  readonly commits: number;
}

/**
 * What became of a partition since a cursor. `commits` are all commits since, in order, and the last one is the newest.
 * `gap`: they are no longer kept, or the partition went another way (a store that lost writes); read it whole.
 */
export interface Followed {
  readonly partition: number;
  /** The oldest generation whose deltas are kept. */
  readonly oldest: number;
  readonly commits: readonly CommittedDeltas[] | 'gap';
}

export interface GenerationDeltas {
  readonly rows: RowsByView;
  readonly pending: number;
  readonly overflowed: number;
}

/** All that a follower holds of a partition, read atomically. */
export interface WholePartition {
  readonly partition: number;
  readonly cursor: FeedCursor;
  readonly state: PartitionState | null;
  /** By generation, from the one asked for on; those without any commit may be left out. */
  readonly generations: ReadonlyMap<number, GenerationDeltas>;
}

/** Which generation readers take. A cache of the newest publication file. */
export interface GenerationPointer {
  readonly sequence: number;
  readonly generation: number;
}

export interface RecordOwner {
  readonly partition: number;
  readonly userKey: string;
}

/** 1 ms of the store and its connection. */
export const SHORT_ANSWER_BYTES = 1_280 * 1024;

/** Awaited between two parts of a long read: it lets others go on, and may reject where the read is to stop. */
export type Pause = () => Promise<unknown>;

/** Who wants to know what records hold. Called while they are read, by the index of their owner and by partition. */
export interface OnRecords {
  /**
   * For each record whose partition stood at one position while it was read: it holds the user's events up to there, and no others. `mark`: with its length,
   * what says whether it is still the same (`recordSizes`); undefined: nothing does. Absent: that is not asked for, which costs less.
   */
  readonly position?: (index: number, position: string, mark: string | undefined) => void;
  /** For the partition of each owner whose record, or that there is none, was read: what its records hold, known after they were read; null: nothing was ever committed there. */
  kept(partition: number, kept: KeptRecords | null): void;
}

export interface PageOfMembers {
  readonly version: string;
  /** Only users behind this one, by their bytes; null: from the first. */
  readonly after: string | null;
  /** 0: none, the count alone. */
  readonly limit: number;
}

/** Members of a segment in one partition. */
export interface MembersPage {
  /** What records of the partition hold; null: nothing was ever committed. */
  readonly kept: KeptRecords | null;
  /** Which segments were followed all the time that this was read, and how far; null: none were. */
  readonly watched: Watched | null;
  readonly count: number;
  /** How many users events are missing of, which may matter. */
  readonly unsure: number;
  /** By their bytes. */
  readonly users: readonly string[];
  /** When the first user is due to be looked at, epoch ms: where log time has passed it, some were not yet. null: none is. */
  readonly dueMs: number | null;
}

export interface RecordSize {
  /** 0: the user has none. */
  readonly bytes: number;
  /** A record that had the same length and this mark when it was read is the same now; undefined: that is not known. */
  readonly mark: string | undefined;
}

export interface RecordsBetween {
  readonly before: readonly (RelayingState | null)[];
  /** As `records` has them. */
  readonly records: (Buffer | null | number)[];
  readonly after: readonly (RelayingState | null)[];
}

export interface ServingStore {
  /**
   * Users' records as raw bytes (see `signals.ts`), null where there is none, in order, as long as they sum to `maxBytes`: one
   * that would pass the bound is not read: its size stands in its place. Name each user once. Where more than
   * SHORT_ANSWER_BYTES are asked for, short answers do not wait behind these. `onRecords`: who wants to know what they hold.
   */
  records(users: readonly RecordOwner[], maxBytes: number, onRecords?: OnRecords): Promise<(Buffer | null | number)[]>;
  /**
   * `records`, with what `relayed` says before and after them, in one round trip where one record fits. Undefined where answers come in another order
   * than they were asked for, as on a cluster.
   */
  readonly recordsBetween?: ((...asked: Parameters<ServingStore['records']>) => Promise<RecordsBetween>) | undefined;
  /** The sizes of users' records, in order, and what else `onRecords` asks for: for who has copies. Undefined where no answer is of one moment, as on a cluster. */
  readonly recordSizes?: ((users: readonly RecordOwner[], onRecords: OnRecords) => Promise<readonly RecordSize[]>) | undefined;
  /** Deltas of the named views of every partition, generations `[fromGeneration, beforeGeneration)`. */
  deltas(views: readonly string[], fromGeneration: number, beforeGeneration?: number): Promise<PartitionDeltas[]>;
  /**
   * What was committed since: index of `cursors` = partition; null = knows nothing, always a gap. Rows of other views than
   * the named ones are left out. Each partition as of one moment, at the cost of what changed.
   */
  follow(views: readonly string[], cursors: readonly (FeedCursor | null)[]): Promise<Followed[]>;
  /**
   * The given partitions' deltas by generation, generations ≥ `fromGeneration`, as of one moment each: where following starts. Many rows are
   * read in pages, with `pause` between them; each is of the last commit before the end of its partition's read.
   */
  readWhole(
    partitions: readonly number[],
    views: readonly string[],
    fromGeneration: number,
    pause?: Pause,
  ): Promise<WholePartition[]>;
  states(): Promise<(StatusState | null)[]>;
  /** What the states say of messages between keys and of what records hold, and no more of them; null: nothing was ever committed there. */
  relayed(): Promise<(RelayingState | null)[]>;
  /** Members of the segment of a version; `watched` says what they are worth. */
  members(partition: number, page: PageOfMembers): Promise<MembersPage>;
  /** Who has, or had, a conversion that the speed layer saw: of each partition who had it last, as ids are unique within a user only and events go from key to key. */
  findConversions(id: string): Promise<RecordOwner[]>;
  pointer(): Promise<GenerationPointer | null>;
  /** Moves the pointer forward; an older or equal sequence changes nothing. */
  setPointer(pointer: GenerationPointer): Promise<void>;
  /** Deletes deltas of generations below `generation`, also what an earlier call left. Commits file no more under them. */
  retireDeltas(generation: number): Promise<void>;
  readonly deadLetters: DeadLetters;
}
